from zoo.errors import InputError


def opencv():
    """Returns OpenCV with its contributed modules, which not all of the zoo needs.

    Raises:
        InputError: if it is not installed, or without them.
    """
    try:
        import cv2
        import cv2.ximgproc
    except ImportError as error:
        raise InputError(
            f"proposals need OpenCV with its contributed modules ({error}): "
            "install opencv-contrib-python-headless, and no other OpenCV beside it"
        ) from error
    return cv2
