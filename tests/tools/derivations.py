"""True derivations in other people's notations, each with its mapping, over the article's network or another."""

import symcnn

ARTICLE = symcnn.article.network()
MLP = symcnn.Network(
    (2,), [symcnn.Dense(2, activation="sigmoid"), symcnn.Dense(2, activation="sigmoid")], "half_squared_error"
)
SOFTMAX = symcnn.Network((2,), [symcnn.Dense(2, activation="tanh"), symcnn.Dense(2)], "cross_entropy")

BINARY = symcnn.Network(
    (2,), [symcnn.Dense(2, activation="tanh"), symcnn.Dense(1, activation="sigmoid")], "binary_cross_entropy"
)

#: The usual names of a step by step example.
NET_OUT = """
[alias]
"net_{h*}" = "z_h*"
"net_{o*}" = "z_o*"
"out_{h*}" = "h_*"
"out_{o*}" = "o_*"
"target_{o*}" = "t_*"
"""

#: name -> (network, mapping, text). Every equation is true.
DERIVATIONS = {
    "English words, \\cdot, chained in align": (
        ARTICLE,
        "",
        r"""
\begin{align}
\frac{\partial E}{\partial h_{1,\text{activation}}}
  &= \frac{\partial E}{\partial o_{1,\text{predicted}}} \cdot \frac{\partial o_{1,\text{predicted}}}{\partial h_{1,\text{activation}}}
   + \frac{\partial E}{\partial o_{2,\text{predicted}}} \cdot \frac{\partial o_{2,\text{predicted}}}{\partial h_{1,\text{activation}}} \\
  &= (o_{1,\text{predicted}} - o_{1,\text{expected}}) \cdot o_{1,\text{predicted}}(1 - o_{1,\text{predicted}}) \cdot w_{h1o1}
   + (o_{2,\text{predicted}} - o_{2,\text{expected}}) \cdot o_{2,\text{predicted}}(1 - o_{2,\text{predicted}}) \cdot w_{h1o2}
\end{align}
""",
    ),
    "symcnn's own names": (
        ARTICLE,
        "",
        r"""
$$z_{h1} = x_{11} w_{x11h1} + x_{12} w_{x12h1} + x_{21} w_{x21h1} + x_{22} w_{x22h1} + b_{h1}$$
$$h_1 = \sigma(z_{h1}) = \frac{1}{1 + e^{-z_{h1}}}$$
$$\frac{\partial E}{\partial b_{o1}} = (o_1 - t_1)\, o_1 (1 - o_1)$$
""",
    ),
    "net, out and target": (
        MLP,
        'names = ["net", "out", "target"]' + NET_OUT,
        r"""
$$net_{h1} = w_{i1h1} \times i_1 + w_{i2h1} \times i_2 + b_{h1}$$
$$out_{h1} = \frac{1}{1+e^{-net_{h1}}}$$
$$E_{total} = \sum_{k=1}^{2} \frac{1}{2}(target_{ok} - out_{ok})^2$$
$$\frac{\partial E_{total}}{\partial out_{o1}} = -(target_{o1} - out_{o1})$$
$$\frac{\partial E_{total}}{\partial w_{h1o1}} = \frac{\partial E_{total}}{\partial out_{o1}} * \frac{\partial out_{o1}}{\partial net_{o1}} * \frac{\partial net_{o1}}{\partial w_{h1o1}}$$
""",
    ),
    "numbered weights, definitions": (
        MLP,
        r"""
names = ["net"]
definitions = ['net_{h1} = w_1 i_1 + w_2 i_2 + b_1', 'a_1 = \sigma(net_{h1})']
[alias]
w_1 = "w_i1h1"
w_2 = "w_i2h1"
w_5 = "w_h1o1"
b_1 = "b_h1"
""",
        r"""
$$a_1 = \sigma(w_1 i_1 + w_2 i_2 + b_1)$$
$$\frac{\partial a_1}{\partial w_1} = \frac{\partial a_1}{\partial net_{h1}} \cdot \frac{\partial net_{h1}}{\partial w_1} = a_1 (1 - a_1) \cdot i_1$$
$$\frac{\partial E}{\partial w_5} = (o_1 - t_1) o_1 (1 - o_1) a_1$$
""",
    ),
    "delta as a derivative": (
        MLP,
        r"""
[derived]
'\delta_{o1}' = '\frac{\partial E}{\partial z_{o1}}'
'\delta_{o2}' = '\frac{\partial E}{\partial z_{o2}}'
'\delta_{h1}' = '\frac{\partial E}{\partial z_{h1}}'
""",
        r"""
$$\delta_{o1} = (o_1 - t_1) o_1 (1 - o_1)$$
$$\delta_{h1} = (\delta_{o1} w_{h1o1} + \delta_{o2} w_{h1o2}) h_1 (1 - h_1)$$
$$\frac{\partial E}{\partial w_{i1h1}} = \delta_{h1} i_1$$
""",
    ),
    "delta with the other sign": (
        MLP,
        r"""
[derived]
'\delta_{o1}' = '-\frac{\partial E}{\partial z_{o1}}'
""",
        r"""
$$\delta_{o1} = (t_1 - o_1) o_1 (1 - o_1)$$
$$\frac{\partial E}{\partial w_{h1o1}} = -\delta_{o1} h_1$$
""",
    ),
    "another letter for the loss, no half": (
        MLP,
        r"""
definitions = ['L = 2 E']
""",
        r"""
$$L = (o_1 - t_1)^2 + (o_2 - t_2)^2$$
$$\frac{\partial L}{\partial o_1} = 2 (o_1 - t_1)$$
\[ \frac{\partial L}{\partial b_{o2}} = 2 (o_2 - t_2) o_2 (1 - o_2) \]
""",
    ),
    "groups and a flattened index": (
        ARTICLE,
        """
[groups]
u = ["x_11", "x_12", "x_21", "x_22"]
""",
        r"""
$$u_1 = i_{11} f_{11} + i_{12} f_{12} + i_{21} f_{21} + i_{22} f_{22}$$
$$\frac{\partial E}{\partial f_{12}} = \frac{\partial E}{\partial u_1} i_{12} + \frac{\partial E}{\partial u_2} i_{13} + \frac{\partial E}{\partial u_3} i_{22} + \frac{\partial E}{\partial u_4} i_{23}$$
$$\frac{\partial E}{\partial F} = \frac{\partial E}{\partial X} \cdot \frac{\partial X}{\partial F}$$
""",
    ),
    "index notation with limits": (
        ARTICLE,
        "",
        r"""
$$x_{r,c} = \sum_{p=1}^{2} \sum_{q=1}^{2} i_{r+p-1, c+q-1} f_{p,q}$$
$$\frac{\partial E}{\partial f_{p,q}} = \sum_{r=1}^{2} \sum_{c=1}^{2} \frac{\partial E}{\partial x_{r,c}} i_{r+p-1,c+q-1}$$
""",
    ),
    "softmax and tanh": (
        SOFTMAX,
        "",
        r"""
$$h_1 = \tanh(z_{h1})$$
$$\frac{\partial h_1}{\partial z_{h1}} = 1 - h_1^2$$
$$\frac{\partial E}{\partial h_1} = \frac{\partial E}{\partial o_1} w_{h1o1} + \frac{\partial E}{\partial o_2} w_{h1o2}$$
""",
    ),
    "capitals, hyphens, inline, French": (
        ARTICLE,
        'decimal = "comma"',
        r"""
On a $\partial E_{total} / \partial W_{h1-o1} = (o_{1prédit} - o_{1espéré}) * o_{1prédit} * (1 - o_{1prédit}) * h_1$ et
\(\frac{\partial h_{1préactivation}}{\partial W_{x11-h1}} = x_{11}\), et $1 / 3 = 0,33$.
""",
    ),
    "constants and numbers": (
        ARTICLE,
        """
[constants]
M = 4
""",
        r"""
$$M \cdot x_{11} - x_{11} = 3 x_{11}$$
$$-1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 = 7, \quad 7 / 9 = 0.78$$
$$\frac12 \cdot 0.6 = 0.3$$
""",
    ),
    "d in place of ∂, text words": (
        MLP,
        """
[alias]
"a_{*}^{(1)}" = "h_*"
"y_*" = "o_*"
""",
        r"""
$$\frac{d E}{d y_1} = y_1 - t_1, \quad \frac{d y_1}{d z_{o1}} = y_1 (1 - y_1)$$
""",
    ),
    "convolutions between groups, logarithms without brackets, why it holds": (
        ARTICLE,
        "",
        r"""
\begin{align*}
X &= I * F && \text{(definition)} \\
\frac{\partial E}{\partial F} &= I * \frac{\partial E}{\partial X} && \text{by the chain rule} \\
\frac{\partial E}{\partial F} &= \frac{\partial E}{\partial X} * \frac{\partial X}{\partial F}
\end{align*}
$$-t_1 \ln o_1 - t_2 \log o_2 = -t_2 \log(o_2) - t_1 \log(o_1)$$
$$\frac{\partial o_1}{\partial h_1} = \sigma'(z_{o1})\, w_{h1o1}$$
""",
    ),
    "where letters run, counted from 1": (
        ARTICLE,
        "",
        r"""
$$\frac{\partial E}{\partial o_k} = o_k - t_k, \quad k = 1, 2$$
$$\frac{\partial E}{\partial o_k} = o_k - t_k \qquad (k = 1, 2)$$
$$\frac{\partial E}{\partial o_k} = o_k - t_k, \ k \in \{1, 2\}$$
$$\frac{\partial E}{\partial o_k} = o_k - t_k \quad \text{with } k = 1, \ldots, K$$
$$\frac{\partial x_{rc}}{\partial f_{pq}} = i_{r+p-1,c+q-1} \qquad (1 \le p,q \le 2)$$
$$\frac{\partial x_{r,c}}{\partial f_{p,q}} = i_{r+p,c+q}$$
""",
    ),
    "softmax with shares": (
        SOFTMAX,
        "",
        r"""
$$E = -\sum_{k=1}^{2} t_k \ln y_k$$
$$\frac{\partial E}{\partial o_1} = y_1 - t_1$$
$$\frac{\partial E}{\partial w_{h1o1}} = (y_1 - t_1) h_1$$
$$y_1 + y_2 = 1, \quad \frac{\partial y_1}{\partial o_1} = y_1 (1 - y_1), \quad \frac{\partial y_1}{\partial o_2} = -y_1 y_2$$
""",
    ),
    "binary cross-entropy by its output": (
        BINARY,
        "",
        r"""
$$E = -t_1 \ln(o_1) - (1 - t_1) \ln(1 - o_1)$$
$$\frac{\partial E}{\partial o_1} = \frac{o_1 - t_1}{o_1 (1 - o_1)} = -\frac{t_1}{o_1} + \frac{1 - t_1}{1 - o_1}$$
$$\frac{\partial E}{\partial z_{o1}} = \frac{\partial E}{\partial o_1} \frac{\partial o_1}{\partial z_{o1}} = o_1 - t_1$$
""",
    ),
    "a step by step example, weights by number": (
        MLP,
        r"""
names = ["net", "out", "target"]
definitions = ['E_{o1} = \frac12 (target_{o1} - out_{o1})^2', 'E_{o2} = \frac12 (target_{o2} - out_{o2})^2']
"""
        + NET_OUT
        + r"""w_1 = "w_i1h1"
w_2 = "w_i2h1"
w_5 = "w_h1o1"
w_6 = "w_h2o1"
b_1 = "b_h1"
[derived]
'\delta_*' = '\frac{\partial E}{\partial net_{o*}}'
""",
        r"""
$$net_{h1} = w_1 * i_1 + w_2 * i_2 + b_1 * 1$$
$$net_{h1} = 0.15 * 0.05 + 0.2 * 0.1 + 0.35 * 1 = 0.3775$$
$$out_{h1} = \frac{1}{1+e^{-net_{h1}}} = \frac{1}{1+e^{-0.3775}} = 0.593269992$$
$$E_{o1} = \frac{1}{2}(target_{o1} - out_{o1})^2 = \frac{1}{2}(0.01 - 0.75136507)^2 = 0.274811083$$
$$E_{total} = E_{o1} + E_{o2} = 0.274811083 + 0.023560026 = 0.298371109$$
$$\frac{\partial E_{total}}{\partial out_{o1}} = -(target_{o1} - out_{o1}) = -(0.01 - 0.75136507) = 0.74136507$$
$$\frac{\partial out_{o1}}{\partial net_{o1}} = out_{o1}(1 - out_{o1}) = 0.75136507(1 - 0.75136507) = 0.186815602$$
$$\frac{\partial E_{total}}{\partial w_5} = \frac{\partial E_{total}}{\partial out_{o1}} * \frac{\partial out_{o1}}{\partial net_{o1}} * \frac{\partial net_{o1}}{\partial w_5}$$
$$\frac{\partial E_{total}}{\partial w_5} = 0.74136507 * 0.186815602 * 0.593269992 = 0.082167041$$
$$\frac{\partial E_{total}}{\partial w_5} = \delta_1 out_{h1}$$
$$w_5^{+} = w_5 - \eta * \frac{\partial E_{total}}{\partial w_5} = 0.4 - 0.5 * 0.082167041 = 0.35891648$$
$$\frac{\partial E_{o1}}{\partial out_{h1}} = \frac{\partial E_{o1}}{\partial net_{o1}} * \frac{\partial net_{o1}}{\partial out_{h1}}$$
$$\frac{\partial net_{o1}}{\partial out_{h1}} = w_5 = 0.40$$
""",
    ),
}  # fmt: skip
