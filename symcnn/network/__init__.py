"""Networks as users declare them: layers, losses, shapes, names, data and network files."""

from symcnn.network.data import Array, Data, DataLike, as_data, check_same_classes, checked, checked_images, class_names
from symcnn.network.datafiles import read_data
from symcnn.network.describe import Kind, kind_of, settings_of
from symcnn.network.file import network_from, read_network, words_of
from symcnn.network.images import read_bytes, read_images
from symcnn.network.layers import LAYERS, Activation, AvgPool2D, Conv2D, Dense, Flatten, Layer, MaxPool2D
from symcnn.network.network import Forward, Network

__all__ = [
    "LAYERS", "Activation", "Array", "AvgPool2D", "Conv2D", "Data", "DataLike", "Dense", "Flatten", "Forward", "Kind",
    "Layer", "MaxPool2D", "Network", "as_data", "check_same_classes", "checked", "checked_images", "class_names",
    "kind_of", "network_from", "read_bytes", "read_data", "read_images", "read_network", "settings_of", "words_of",
]  # fmt: skip
