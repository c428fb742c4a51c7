"""Reads the flatbuffer of a TFLite file, and writes it again."""


def parse(content):
    """Unpacks a flatbuffer."""
    from ai_edge_litert import schema_py_generated

    return schema_py_generated.ModelT.InitFromPackedBuf(content, 0)


def packed(model):
    """Returns the flatbuffer of a model that `parse` unpacked."""
    import flatbuffers

    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def operator_name(model, operator):
    """Returns the builtin's name, or the custom code of an operator that is none."""
    code = model.operatorCodes[operator.opcodeIndex]
    return code.customCode.decode() if code.customCode else enum_name("BuiltinOperator", code.builtinCode)


def enum_name(enum, value):
    """Returns the name of a value of one of the schema's enumerations."""
    from ai_edge_litert import schema_py_generated

    names = vars(getattr(schema_py_generated, enum))
    return next(name for name, number in names.items() if number == value)
