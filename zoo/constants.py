"""Numbers that all rooms of the house agree on; nothing is imported here."""

VOID = 255
"""The label of pixels that count for nothing: unlabelled, or beyond the picture."""
PADDING = 114
"""Grey, of each channel, around a letterboxed picture, in training as in every runtime."""
