class InputError(ValueError):
    """Something given from outside is wrong: the message is one line that names it and says what to do.

    The command line prints the message and exits with code 2; from Python it is an ordinary `ValueError`.
    """
