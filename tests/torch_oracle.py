"""The same network in PyTorch, written in its own functions: loss and gradient by its autograd."""

import numpy as np

import symcnn


def loss_and_gradient(net, theta, images, targets):
    """E_total and ∂E_total/∂theta from PyTorch, in float64."""
    import torch
    from torch.nn import functional

    flat = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    values = torch.tensor(np.asarray(images, dtype=np.float64))
    if values.ndim == 3:
        values = values[:, None]
    at = 0

    def take(*shape):
        nonlocal at
        size = int(np.prod(shape))
        at += size
        return flat[at - size : at].reshape(shape)

    def bordered(maps, height, width, stride, padding, value):
        if padding != "same":
            top = bottom = left = right = padding
        else:
            (top, bottom), (left, right) = (
                _same(n, k, stride) for n, k in ((maps.shape[2], height), (maps.shape[3], width))
            )
        return functional.pad(maps, (left, right, top, bottom), value=value)

    for layer in net.layers:
        match layer:
            case symcnn.Conv2D():
                k = layer.kernel_size
                height, width = k if isinstance(k, tuple) else (k, k)
                f = take(layer.filters, values.shape[1], height, width)
                b = take(layer.filters) if layer.bias else None
                scale = f[0].numel() if layer.normalize else 1
                maps = bordered(values, height, width, layer.stride, layer.padding, 0.0)
                values = functional.conv2d(maps, f / scale, b, stride=layer.stride)
            case symcnn.AvgPool2D():
                stride = layer.stride or layer.size
                slide = (layer.size, layer.size, stride, layer.padding)
                sums = functional.avg_pool2d(bordered(values, *slide, 0.0), layer.size, stride, divisor_override=1)
                ones = torch.ones((1, 1, *values.shape[2:]), dtype=torch.float64)
                there = functional.avg_pool2d(bordered(ones, *slide, 0.0), layer.size, stride, divisor_override=1)
                values = sums / (layer.size**2 if layer.count_include_pad else there)
            case symcnn.MaxPool2D():
                stride = layer.stride or layer.size
                absent = -torch.inf if layer.pad_value is None else layer.pad_value
                maps = bordered(values, layer.size, layer.size, stride, layer.padding, absent)
                values = functional.max_pool2d(maps, layer.size, stride)
            case symcnn.Activation():
                values = _activated(layer.kind, values)
            case symcnn.Flatten():
                values = values.flatten(1)
            case symcnn.Dense():
                values = values.flatten(1)
                z = values @ take(values.shape[1], layer.units)
                values = _activated(layer.activation, z + take(layer.units) if layer.bias else z)
    wanted = torch.tensor(np.asarray(targets, dtype=np.float64))
    match net.loss:
        case "half_squared_error":
            loss = ((values - wanted) ** 2).sum() / 2
        case "mse":
            loss = functional.mse_loss(values, wanted, reduction="none").mean(1).sum()
        case "cross_entropy":
            loss = functional.cross_entropy(values, wanted, reduction="sum")
        case "binary_cross_entropy":
            loss = functional.binary_cross_entropy(values, wanted, reduction="sum")
    loss.backward()
    return float(loss.detach()), flat.grad.numpy()


def _activated(kind, z):
    import torch
    from torch.nn import functional

    match kind:
        case None:
            return z
        case "softmax":
            return torch.softmax(z, 1)
        case "leaky_relu":
            return functional.leaky_relu(z, 0.01)
        case _:
            return getattr(torch, kind)(z)


def _same(length, window, stride):
    count = -(-length // stride)
    whole = max((count - 1) * stride + window - length, 0)
    return whole // 2, whole - whole // 2
