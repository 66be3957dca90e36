"""Suites as a user would write them: right and wrong claims, and hard cases."""

HEAD = """
import nqmbench as nq

suite = nq.Suite("planted", experiments=[
    nq.Experiment(nq.NoisyQuadratic([1.0, 0.5]), nq.sgd(0.1), batch=2, steps=50,
                  checkpoints=[1, 5, 50])
])

def moment(k, h, eta, B, sigma, w0):
    forget = (1 - eta * h) ** (2 * k)
    return forget * w0**2 + eta * h / (B * (2 - eta * h)) * sigma**2 * (1 - forget)

def steady(h, eta, B, sigma):
    return eta * h / (B * (2 - eta * h)) * sigma**2
"""

CLAIMS = (
    HEAD
    + """
@suite.claim("right", of="w2[i]", expect="confirmed")
def right(k, h, eta, B, sigma, w0):
    return moment(k, h, eta, B, sigma, w0)

@suite.claim("noise a fifth too large", of="w2[i]", expect="refuted")
def noisy(k, h, eta, B, sigma, w0):
    return moment(k, h, eta, B, 1.2**0.5 * sigma, w0)

@suite.claim("a step late", of="w2[i]", expect="refuted")
def late(k, h, eta, B, sigma, w0):
    return moment(k - 1, h, eta, B, sigma, w0)

@suite.claim("variance off by 3 margins", of="w[i]", statistic="variance", at="last",
             expect="refuted")
def three(k, h, eta, B, sigma):
    return 1.15 * steady(h, eta, B, sigma) * (1 - (1 - eta * h) ** (2 * k))

@suite.claim("valid bound", of="error", kind="upper bound", expect="confirmed")
def valid(h, eta, B, sigma, w0):
    return w0**2 + steady(h, eta, B, sigma)

@suite.claim("broken bound", of="error", kind="upper bound", expect="refuted")
def broken(k, h, eta, w0):
    return (1 - eta * h) ** (2 * k) * w0**2

@suite.claim("loss", of="loss", expect="confirmed")
def loss(k, h, eta, B, sigma, w0):
    return moment(k, h, eta, B, sigma, w0)

@suite.claim("mean", of="w[i]", expect="confirmed")
def mean(k, h, eta, w0):
    return (1 - eta * h) ** k * w0

@suite.check("=1+1 in a spreadsheet", expect="confirmed")
def identity():
    return 2.0, 1 + 1
"""
)

HARD = """
import nqmbench as nq

suite = nq.Suite("hard")

def one(problem, lr, **more):
    return lambda: [nq.Experiment(nq.NoisyQuadratic(1.0, **problem), nq.sgd(lr), **more)]

@suite.claim("diverges", of="error", experiments=one({}, 3.0, steps=400))
def grows(k, eta, h, w0, sigma):
    forget = (1 - eta * h) ** (2 * k)
    return forget * w0**2 + eta * h / (2 - eta * h) * sigma**2 * (1 - forget)

@suite.claim("heavy tails", of="error", statistic="variance", at="last",
             experiments=one({"noise": ("student", 2.5)}, 0.5, steps=3))
def infinite():
    return 1.0

@suite.claim("at the margin", of="error", at="last", experiments=one({}, 0.5, steps=30))
def edge(eta, h):
    return eta * h / (2 - eta * h) / 1.05

@suite.claim("raises", of="error", experiments=one({}, 0.5, steps=30))
def raises():
    raise ValueError("not today")

@suite.claim("fine", of="error", experiments=one({}, 0.5, steps=30), expect="confirmed")
def fine(k, eta, h, w0):
    forget = (1 - eta * h) ** (2 * k)
    return forget * w0**2 + eta * h / (2 - eta * h) * (1 - forget)

@suite.claim("no noise", of="error", experiments=one({"sigma": 0.0}, 0.5, steps=3000))
def dies_out(k, eta, h, w0):
    return (1 - eta * h) ** (2 * k) * w0**2
"""
