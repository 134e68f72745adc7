"""The same network in PyTorch, written in its own functions: its autograd, its optimizers."""

from dataclasses import dataclass

import numpy as np

import symcnn


def loss_and_gradient(net, theta, images, targets, dtype="float64"):
    """E_total and ∂E_total/∂theta from PyTorch."""
    flat = _tensor(theta, dtype).requires_grad_()
    loss = error(net, outputs(net, flat, _tensor(images, dtype)), _tensor(targets, dtype))
    loss.backward()
    return float(loss.detach()), flat.grad.numpy()


@dataclass(frozen=True)
class Trained:
    """theta at the start and after every step; the loss of every step before its update."""

    thetas: np.ndarray
    losses: np.ndarray


def trained(net, theta, batches, optimizer, rate, reduction, dtype="float64", disturbed=None):
    """A step of ``torch.optim`` for each batch (images, targets).

    ``disturbed``: the seed of a change of the last bit or two of every gradient and of all parameters.
    """
    import torch

    unit = 2 * float(np.finfo(dtype).eps)

    def shake(values, floor):
        if disturbed is not None:
            noise = unit * rng.choice([-1.0, 1.0], len(values))
            values += _tensor(noise, dtype) * torch.clamp(values.abs(), min=floor)

    rng = np.random.default_rng(disturbed)

    flat = _tensor(theta, dtype).requires_grad_()
    rules = {
        "sgd": lambda: torch.optim.SGD([flat], rate),
        "momentum": lambda: torch.optim.SGD([flat], rate, momentum=0.9),
        "adam": lambda: torch.optim.Adam([flat], rate),
    }
    rule, thetas, losses = rules[optimizer](), [flat.detach().numpy().copy()], []
    for images, targets in batches:
        rule.zero_grad()
        loss = error(net, outputs(net, flat, _tensor(images, dtype)), _tensor(targets, dtype))
        if reduction == "mean":
            loss = loss / len(images)
        loss.backward()
        shake(flat.grad, float(flat.grad.abs().max()))  # a sum loses bits of its largest addend
        rule.step()
        with torch.no_grad():
            shake(flat, 0.0)
        thetas.append(flat.detach().numpy().copy())
        losses.append(float(loss.detach()))
    return Trained(np.array(thetas), np.array(losses))


def measured(net, theta, images, targets, dtype="float64"):
    """The loss per sample, and the outputs."""
    o = outputs(net, _tensor(theta, dtype), _tensor(images, dtype))
    return float(error(net, o, _tensor(targets, dtype))) / len(images), o.numpy()


def _tensor(values, dtype):
    import torch

    return torch.tensor(np.asarray(values), dtype=getattr(torch, dtype))


def outputs(net, flat, values):
    """The last layer's values, (samples, outputs), of parameters and images."""
    import torch
    from torch.nn import functional

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
                values = functional.conv2d(maps, f, stride=layer.stride) / scale  # first the sum: equal ones stay equal
                values = values if b is None else values + b[:, None, None]
            case symcnn.AvgPool2D():
                stride = layer.stride or layer.size
                slide = (layer.size, layer.size, stride, layer.padding)
                sums = functional.avg_pool2d(bordered(values, *slide, 0.0), layer.size, stride, divisor_override=1)
                ones = torch.ones((1, 1, *values.shape[2:]), dtype=values.dtype)
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
    return values.flatten(1)


def error(net, values, wanted):
    """The loss of the network's outputs, summed over the samples."""
    from torch.nn import functional

    match net.loss:
        case "half_squared_error":
            return ((values - wanted) ** 2).sum() / 2
        case "mse":
            return functional.mse_loss(values, wanted, reduction="none").mean(1).sum()
        case "cross_entropy":
            return functional.cross_entropy(values, wanted, reduction="sum")
        case "binary_cross_entropy":
            return functional.binary_cross_entropy(values, wanted, reduction="sum")


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
            return getattr(torch if hasattr(torch, kind) else functional, kind)(z)


def _same(length, window, stride):
    count = -(-length // stride)
    whole = max((count - 1) * stride + window - length, 0)
    return whole // 2, whole - whole // 2
