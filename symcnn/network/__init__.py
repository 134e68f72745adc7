"""Networks as users declare them: layers, losses, shapes, names, data and network files."""

from symcnn.files import read_bytes
from symcnn.network.data import (
    Array,
    Data,
    DataLike,
    as_array,
    as_data,
    by_numbers,
    check_same_classes,
    checked,
    checked_images,
    class_names,
    data_of,
    ink_of,
    large_pixels,
    pixels_of,
    read_alike,
    warn_of_large_pixels,
)
from symcnn.network.datafiles import read_data, read_images
from symcnn.network.file import network_from, read_network, words_of
from symcnn.network.layers import LAYERS, Activation, AvgPool2D, Conv2D, Dense, Flatten, Layer, MaxPool2D
from symcnn.network.network import Forward, Kind, Network, checked_network, kind_of, settings_of
from symcnn.network.png import Ink

__all__ = [
    "LAYERS", "Activation", "Array", "AvgPool2D", "Conv2D", "Data", "DataLike", "Dense", "Flatten", "Forward", "Ink",
    "Kind", "Layer", "MaxPool2D", "Network", "as_array", "as_data", "by_numbers", "check_same_classes", "checked",
    "checked_images", "checked_network", "class_names", "data_of", "ink_of", "kind_of", "large_pixels", "network_from",
    "pixels_of", "read_alike", "read_bytes", "read_data", "read_images", "read_network", "settings_of",
    "warn_of_large_pixels", "words_of",
]  # fmt: skip
