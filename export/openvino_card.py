"""What an .xml of OpenVINO carries beside its graph, read and written without OpenVINO."""

from xml.etree import ElementTree

INFO = "rt_info"
"""Where OpenVINO keeps what others say of a model; its own `get_rt_info` finds it there."""


def write_texts(path, texts):
    """Writes texts by name into the file."""
    tree = ElementTree.parse(path)
    root = tree.getroot()
    info = root.find(INFO)
    info = ElementTree.SubElement(root, INFO) if info is None else info
    for name, text in texts.items():
        ElementTree.SubElement(info, name, value=text)
    tree.write(path, encoding="utf-8", xml_declaration=True)


def read_text(path, name):
    """Returns a text by name, or `None`.

    Raises:
        xml.etree.ElementTree.ParseError: if the file is no XML.
    """
    found = ElementTree.parse(path).getroot().find(f"{INFO}/{name}")
    return None if found is None else found.get("value")
