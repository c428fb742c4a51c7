"""The `zoo` command: its verbs, and the tables that they print."""
