"""Independent truths: a forward pass written by hand with plain loops, differentiated by the complex step, and the
article's gradients written by hand with NumPy. They share no code with symcnn: they only read a network's settings.
"""

import numpy as np

import symcnn

NAMES = (
    *("f_11", "f_12", "f_21", "f_22"),
    *("w_x11h1", "w_x11h2", "w_x12h1", "w_x12h2", "w_x21h1", "w_x21h2", "w_x22h1", "w_x22h2", "b_h1", "b_h2"),
    *("w_h1o1", "w_h1o2", "w_h2o1", "w_h2o2", "b_o1", "b_o2"),
    *("x_11", "x_12", "x_21", "x_22"),
)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def borders(length, window, stride, padding):
    """Cells before and after, and the number of windows."""
    if padding == "same":
        count = -(-length // stride)
        whole = max((count - 1) * stride + window - length, 0)
        return whole // 2, whole - whole // 2, count
    return padding, padding, (length + 2 * padding - window) // stride + 1


def padded(maps, top, bottom, left, right, value):
    channels, rows, columns = maps.shape
    out = np.full((channels, top + rows + bottom, left + columns + right), value, dtype=maps.dtype)
    out[:, top : top + rows, left : left + columns] = maps
    return out


def pair(value):
    """Rows and columns."""
    return value if isinstance(value, tuple) else (value, value)


def windows(maps, size, stride, padding, value=0.0, dilation=1):
    """[row][column] -> (channels, height, width)"""
    size, stride, dilation = pair(size), pair(stride), pair(dilation)
    padding = pair(padding) if padding != "same" else ("same", "same")
    reach = [d * (n - 1) + 1 for n, d in zip(size, dilation, strict=True)]
    (top, bottom, rows), (left, right, columns) = map(borders, maps.shape[1:], reach, stride, padding)
    big = padded(maps, top, bottom, left, right, value)

    def along(n, axis):
        return slice(n * stride[axis], n * stride[axis] + reach[axis], dilation[axis])

    return [[big[:, along(r, 0), along(c, 1)] for c in range(columns)] for r in range(rows)]


def first_maximum(window):
    """The largest real part, in row order; a complex step rides along on the first of equal ones."""
    cells = window.ravel()
    return cells[np.argmax(cells.real)]


def activated(kind, z):
    """Kinks are decided by the real part: at 0 they have the slope on the left, as in PyTorch."""
    match kind:
        case None:
            return z
        case "sigmoid":
            return sigmoid(z)
        case "tanh":
            return np.tanh(z)
        case "relu":
            return np.where(z.real > 0, z, 0)
        case "leaky_relu":
            return np.where(z.real > 0, z, z / 100)
        case "softmax":
            e = np.exp(z - z.real.max())
            return e / e.sum()


def error(net, o, t):
    """The loss of one image, as its textbook formula says."""
    match net.loss:
        case "half_squared_error":
            return ((o - t) ** 2).sum() / 2
        case "mse":
            return ((o - t) ** 2).mean()
        case "cross_entropy":
            return -(t * np.log(activated("softmax", o))).sum()
        case "binary_cross_entropy":
            return -(t * np.log(o) + (1 - t) * np.log(1 - o)).sum()


def outputs(net, theta, image):
    """One image through the network; works for complex parameters."""
    values = np.asarray(image, dtype=theta.dtype)
    if values.ndim == 2:
        values = values[None]
    at = 0

    def take(*shape):
        nonlocal at
        size = int(np.prod(shape))
        at += size
        return theta[at - size : at].reshape(shape)

    for layer in net.layers:
        match layer:
            case symcnn.Conv2D():
                f = take(layer.filters, values.shape[0], *pair(layer.kernel_size))
                b = take(layer.filters) if layer.bias else np.zeros(layer.filters)
                scale = f[0].size if layer.normalize else 1
                grid = windows(values, layer.kernel_size, layer.stride, layer.padding, dilation=layer.dilation)
                values = np.array(
                    [[[(w * g).sum() / scale + c for w in row] for row in grid] for g, c in zip(f, b, strict=True)]
                )
            case symcnn.AvgPool2D():
                slide = (layer.size, layer.stride or layer.size, layer.padding)
                there = windows(np.ones(values.shape), *slide)
                grid = windows(values, *slide)
                whole = np.prod(pair(layer.size))
                cells = [[whole if layer.count_include_pad else n[0].sum() for n in row] for row in there]
                means = [
                    [w.sum(axis=(1, 2)) / n for w, n in zip(*pair, strict=True)]
                    for pair in zip(grid, cells, strict=True)
                ]
                values = np.array(means).transpose(2, 0, 1)
            case symcnn.MaxPool2D():
                absent = -np.inf if layer.pad_value is None else layer.pad_value
                grid = windows(values, layer.size, layer.stride or layer.size, layer.padding, absent)
                values = np.array([[[first_maximum(m) for m in w] for w in row] for row in grid]).transpose(2, 0, 1)
            case symcnn.Activation():
                values = activated(layer.kind, values)
            case symcnn.Flatten():
                values = values.ravel()
            case symcnn.Dense():
                flat = values.ravel()
                w = take(flat.size, layer.units)
                z = flat @ w + (take(layer.units) if layer.bias else 0)
                values = activated(layer.activation, z)
    assert at == len(theta)
    return values.ravel()


def loss(net, theta, images, targets):
    return sum(error(net, outputs(net, theta, i), np.asarray(t)) for i, t in zip(images, targets, strict=True))


def gradient(net, theta, images, targets, step=1e-30, dtype=complex):
    """∂E_total/∂theta by the complex step: exact to the last digits, no subtraction.

    Where a sigmoid is saturated, log(1 - o) loses digits: numpy.clongdouble has three more of them.
    """
    found = []
    for n in range(len(theta)):
        moved = theta.astype(dtype)
        moved[n] += 1j * step
        found.append(loss(net, moved, images, targets).imag / step)
    return np.array(found)


def article_gradients(theta, image, target):
    """The article's formulas, by hand, for one image: name -> value."""
    f = theta[:4].reshape(2, 2)
    w1, b1 = theta[4:12].reshape(2, 2, 2), theta[12:14]
    w2, b2 = theta[14:18].reshape(2, 2), theta[18:]
    x = np.array([[(image[r : r + 2, c : c + 2] * f).sum() for c in range(2)] for r in range(2)])
    h = sigmoid(np.tensordot(x, w1, 2) + b1)
    o = sigmoid(h @ w2 + b2)
    delta_o = (o - target) * o * (1 - o)
    delta_h = (w2 @ delta_o) * h * (1 - h)
    dx = w1 @ delta_h
    df = np.array([[(dx * image[p : p + 2, q : q + 2]).sum() for q in range(2)] for p in range(2)])
    values = [*df.ravel(), *(x[..., None] * delta_h).ravel(), *delta_h, *np.outer(h, delta_o).ravel(), *delta_o]
    return dict(zip(NAMES, [*values, *dx.ravel()], strict=True))
