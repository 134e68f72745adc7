"""The same network in PyTorch, written in its own functions: its autograd, its optimizers."""

from dataclasses import dataclass
from itertools import product

import numpy as np

import symcnn

#: What rounding may do to a value, in units of the last place of the largest one.
UNITS = 8
#: So many near ties are decided in every way, 2 to this.
NEAR_TIES = 8


def loss_and_gradient(net, theta, images, targets, dtype="float64", decide=None):
    """E_total and ∂E_total/∂theta from PyTorch; ``decide`` as in ``outputs``."""
    flat = _tensor(theta, dtype).requires_grad_()
    loss = error(net, outputs(net, flat, _tensor(images, dtype), decide), _tensor(targets, dtype))
    loss.backward()
    return float(loss.detach()), flat.grad.numpy()


def gradients_of_near_ties(net, theta, images, targets, dtype, rounded):
    """PyTorch's gradients with every near tie and kink decided either way; none where there is none, or too many.

    A near tie is one that rounding can make or break: two cells of a maximum, or a rectifier and 0, some units in the
    last place apart. A tie of equal numbers is none: the first cell has it. But where theta itself is ``rounded``,
    sums of different parameters are equal by chance: those are near ties, told by a change of theta's last bits.
    """
    unit, near = float(np.finfo(dtype).eps), set()
    rng = np.random.default_rng(0)
    changed = [theta * (1 + unit * rng.integers(-2, 3, len(theta))) for _ in range(4 * rounded)]

    def look(layer, cells, margins, scale):
        close = (margins > 0) & (margins <= UNITS * unit * scale)
        near.update((layer, int(k)) for k in close.flatten().nonzero())
        return cells

    for values in (theta, *changed):
        loss_and_gradient(net, values, images, targets, dtype, look)
    if not 0 < len(near) <= NEAR_TIES:
        return
    for signs in product((-2, 2), repeat=len(near)):
        sign = dict(zip(sorted(near), signs, strict=True))

        def nudge(layer, cells, _, scale, sign=sign):
            moved = np.zeros(cells.numel())
            for at, k in sign:
                if at == layer:
                    moved[k] = sign[at, k] * UNITS * unit * scale
            return cells + _tensor(moved, dtype).reshape(cells.shape)

        yield loss_and_gradient(net, theta, images, targets, dtype, nudge)[1]


@dataclass(frozen=True)
class Trained:
    """theta at the start and after every step; the loss of every step before its update."""

    thetas: np.ndarray
    losses: np.ndarray


#: What an optimizer remembers: our name of it -> its name in the state of ``torch.optim``.
REMEMBERED = {
    "sgd": {},
    "momentum": {"velocity": "momentum_buffer"},
    "adam": {"moment_1": "exp_avg", "moment_2": "exp_avg_sq"},
}


def trained(net, theta, batches, optimizer, rate, reduction, dtype="float64"):
    """A step of ``torch.optim`` for each batch (images, targets)."""
    flat = _tensor(theta, dtype).requires_grad_()
    rule, thetas, losses = _rule(optimizer, flat, rate), [flat.detach().numpy().copy()], []
    for images, targets in batches:
        rule.zero_grad()
        loss = error(net, outputs(net, flat, _tensor(images, dtype)), _tensor(targets, dtype))
        if reduction == "mean":
            loss = loss / len(images)
        loss.backward()
        rule.step()
        thetas.append(flat.detach().numpy().copy())
        losses.append(float(loss.detach()))
    return Trained(np.array(thetas), np.array(losses))


def stepped(state, gradient, optimizer, rate, taken, dtype="float64"):
    """theta and what is remembered, by our names, after one more step of ``torch.optim`` with this gradient.

    ``state``: the same before it; ``taken``: steps before it.
    """
    flat = _tensor(state["theta"], dtype).requires_grad_()
    rule, names = _rule(optimizer, flat, rate), REMEMBERED[optimizer]
    if taken:
        rule.state[flat] = {"step": _tensor(taken, "float32")}
        rule.state[flat] |= {theirs: _tensor(state[ours], dtype) for ours, theirs in names.items()}
    flat.grad = _tensor(gradient, dtype)
    rule.step()
    remembered = {ours: rule.state[flat][theirs].numpy() for ours, theirs in names.items()}
    return {"theta": flat.detach().numpy(), **remembered}


def _rule(optimizer, flat, rate):
    import torch

    match optimizer:
        case "sgd":
            return torch.optim.SGD([flat], rate)
        case "momentum":
            return torch.optim.SGD([flat], rate, momentum=0.9)
        case "adam":
            return torch.optim.Adam([flat], rate)


def measured(net, theta, images, targets, dtype="float64"):
    """The loss per sample, and the outputs."""
    o = outputs(net, _tensor(theta, dtype), _tensor(images, dtype))
    return float(error(net, o, _tensor(targets, dtype))) / len(images), o.numpy()


def _tensor(values, dtype):
    import torch

    return torch.tensor(np.asarray(values), dtype=getattr(torch, dtype))


def outputs(net, flat, values, decide=None):
    """The last layer's values, (samples, outputs), of parameters and images.

    ``decide``: called for every maximum and rectifier with the layer's number, the cells, how far each is from being
    decided otherwise, and the size of the largest; gives the cells to go on with.
    """
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

    def bordered(maps, window, stride, padding, value):
        if padding != "same":
            (top, left), (bottom, right) = pair(padding), pair(padding)
        else:
            (top, bottom), (left, right) = map(_same, maps.shape[2:], window, stride)
        return functional.pad(maps, (left, right, top, bottom), value=value)

    for number, layer in enumerate(net.layers):
        match layer:
            case symcnn.Conv2D():
                kernel, stride, dilation = map(pair, (layer.kernel_size, layer.stride, layer.dilation))
                f = take(layer.filters, values.shape[1], *kernel)
                b = take(layer.filters) if layer.bias else None
                scale = f[0].numel() if layer.normalize else 1
                reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
                maps = bordered(values, reach, stride, layer.padding, 0.0)
                # first the sum: equal ones stay equal
                values = functional.conv2d(maps, f, stride=stride, dilation=dilation) / scale
                values = values if b is None else values + b[:, None, None]
            case symcnn.AvgPool2D():
                size, stride = pair(layer.size), pair(layer.stride or layer.size)
                slide = (size, stride, layer.padding)
                sums = functional.avg_pool2d(bordered(values, *slide, 0.0), size, stride, divisor_override=1)
                ones = torch.ones((1, 1, *values.shape[2:]), dtype=values.dtype)
                there = functional.avg_pool2d(bordered(ones, *slide, 0.0), size, stride, divisor_override=1)
                values = sums / (size[0] * size[1] if layer.count_include_pad else there)
            case symcnn.MaxPool2D():
                size, stride = pair(layer.size), pair(layer.stride or layer.size)
                absent = -torch.inf if layer.pad_value is None else layer.pad_value
                maps = bordered(values, size, stride, layer.padding, absent)
                if decide is not None:
                    maps = decide(number, maps, _margins(maps, size, stride), _scale(values))
                values = functional.max_pool2d(maps, size, stride)
            case symcnn.Activation():
                values = _activated(layer.kind, values, number, decide)
            case symcnn.Flatten():
                values = values.flatten(1)
            case symcnn.Dense():
                values = values.flatten(1)
                z = values @ take(values.shape[1], layer.units)
                values = _activated(layer.activation, z + take(layer.units) if layer.bias else z, number, decide)
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


def _activated(kind, z, number, decide):
    import torch
    from torch.nn import functional

    if kind in ("relu", "leaky_relu") and decide is not None:
        z = decide(number, z, z.detach().abs(), _scale(z))
    match kind:
        case None:
            return z
        case "softmax":
            return torch.softmax(z, 1)
        case "leaky_relu":
            return functional.leaky_relu(z, 0.01)
        case _:
            return getattr(torch if hasattr(torch, kind) else functional, kind)(z)


def pair(value):
    """Rows and columns."""
    return value if isinstance(value, tuple) else (value, value)


def _scale(values):
    return max(1.0, float(values.detach().abs().max()))


def _margins(maps, size, stride):
    """How far each cell is below the maximum of a window, the least of those that it is not the first maximum of."""
    import torch

    maps = maps.detach()
    least = torch.full_like(maps, torch.inf)
    (height, width), (down, across) = size, stride
    for r in range(0, maps.shape[2] - height + 1, down):
        for c in range(0, maps.shape[3] - width + 1, across):
            window = maps[:, :, r : r + height, c : c + width]
            below = window.amax((2, 3), keepdim=True) - window
            below = torch.where(below > 0, below, torch.inf)
            part = least[:, :, r : r + height, c : c + width]
            part.copy_(torch.minimum(part, below))
    return least


def _same(length, window, stride):
    count = -(-length // stride)
    whole = max((count - 1) * stride + window - length, 0)
    return whole // 2, whole - whole // 2
