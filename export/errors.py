def input_error(message):
    """Returns a `zoo.errors.InputError`; imported here, as `import zoo` loads Keras and most calls need no error."""
    from zoo.errors import InputError

    return InputError(message)
