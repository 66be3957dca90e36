"""The polynomials of the noise: tables for logarithm, sine, cosine and exponential.

A library's logarithm branches on its argument and is a call, which keeps a loop from being
vectorised.  On a short interval, to which the bits of a float lead any argument, a polynomial is
as good.  These have the smallest largest error that their number of coefficients allows, in two
precisions: "f32" for single, "f64" for double, where twice the digits take about twice the terms.

The coefficients stand in increasing powers and in full double precision: a kernel scales them to
the unit of its result and then rounds them to its own precision.  The stated errors are those of
the kernel's evaluation, in the unit of the function: at 20,000 arguments, by Horner's rule with
fused multiply-adds, where f32 rounds each step to 6e-8 and f64 to 1.1e-16.

The tables are what ``python -m nqmbench.kernels.fit`` prints; they are changed there, not here.
"""

LONG = 12  # coefficients from which on two halves, a shorter chain, are worth two operations more

# q(f) f = -2 log(1 + f), sqrt(1/2) <= 1 + f <= sqrt(2); relative errors
LOG = {
    "f32": (  # largest error 3.1e-07, rms 1.3e-07
        -1.9999998906163325,
        1.0000073024571519,
        -0.6667011792589068,
        0.49939818246502915,
        -0.3980032989206238,
        0.3450165668200959,
        -0.3244516872188719,
        0.20213809951941292,
    ),
    "f64": (  # largest error 2.1e-15, rms 1.3e-15
        -1.9999999999999964,
        0.999999999999963,
        -0.6666666666712902,
        0.500000000020351,
        -0.39999999900228334,
        0.33333332975321056,
        -0.28571436671062855,
        0.2500002895595081,
        -0.22221907546004846,
        0.19998770164323956,
        -0.1818806144275742,
        0.1669556191051283,
        -0.15327444353272338,
        0.13913723882003765,
        -0.13397718611824835,
        0.14855637006701877,
        -0.14176465755661288,
        0.06675249257416377,
    ),
}
# x s(x^2) = sin(pi x / 2), |x| <= 1; absolute errors
SINE = {
    "f32": (  # largest error 1.1e-07, rms 2.8e-08
        1.570796290022419,
        -0.6459633598661775,
        0.0796884805410565,
        -0.004672227924087888,
        0.00015082056489537697,
    ),
    "f64": (  # largest error 3.5e-16, rms 9.6e-17
        1.570796326794895,
        -0.6459640975061731,
        0.07969262624514287,
        -0.004681754128873888,
        0.0001604411632743827,
        -3.598802475175757e-06,
        5.687769398910402e-08,
        -6.434841937365641e-10,
    ),
}
# c(x^2) = cos(pi x / 2), |x| <= 1; absolute errors
COSINE = {
    "f32": (  # largest error 1.5e-07, rms 4.6e-08
        0.999999953466899,
        -1.233698214673355,
        0.253650744658435,
        -0.020810627554685282,
        0.0008581906358074205,
    ),
    "f64": (  # largest error 3.5e-16, rms 1.0e-16
        1.0,
        -1.233700550136169,
        0.2536695079010311,
        -0.020863480763179135,
        0.0009192602739445653,
        -2.520203978452672e-05,
        4.710830770514447e-07,
        -6.382237594991514e-09,
        6.331774472152439e-11,
    ),
}
# r p(r) = exp(r) - 1, |r| <= log(2) / 2; relative errors
EXP = {
    "f32": (  # largest error 1.3e-07, rms 3.9e-08
        1.0000000106279523,
        0.49999998124783723,
        0.16666506219562174,
        0.04166713620889359,
        0.008369068566370163,
        0.0013888872887568508,
    ),
    "f64": (  # largest error 1.5e-15, rms 8.7e-16
        1.000000000000001,
        0.49999999999999556,
        0.1666666666661613,
        0.041666666667132334,
        0.008333333367110424,
        0.0013888888764661625,
        0.00019841190915690466,
        2.480169082750123e-05,
        2.7632529005899382e-06,
        2.7557304943838367e-07,
    ),
}
