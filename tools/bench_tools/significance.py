"""Estimates and tests that assume no distribution of the times.

All samples are logarithms of times, or differences of such logarithms, when
an effect is to be a ratio.
"""

import functools
import math
import statistics

# From more samples than this, and with ties, mann_whitney_p approximates.
MAX_EXACT_SAMPLES = 50


def ranks(samples):
    """The rank of each sample, from 1; equal samples share the mean of
    theirs. Also the sizes of the groups of equal samples."""
    order = sorted(range(len(samples)), key=samples.__getitem__)
    result = [0.0] * len(samples)
    ties = []
    begin = 0
    while begin < len(order):
        end = begin
        while end < len(order) and samples[order[end]] == samples[order[begin]]:
            end += 1
        for i in order[begin:end]:
            result[i] = (begin + 1 + end) / 2
        ties.append(end - begin)
        begin = end
    return result, ties


# --- Pairs: one measurement of each side, one directly after the other.


def _signed_rank_counts(doubled_ranks):
    """How many of all choices of signs give each sum of positive ranks."""
    counts = [1] + [0] * sum(doubled_ranks)
    reached = 0
    for rank in doubled_ranks:
        reached += rank
        for total in range(reached, rank - 1, -1):
            counts[total] += counts[total - rank]
    return counts


def signed_rank_p(differences):
    """The two-sided p-value of the Wilcoxon signed-rank test: how probable
    are differences that lie at least as much on one side of 0, if their
    distribution is symmetric around 0. Exact, also with ties. Differences of
    0 are left out."""
    nonzero = [d for d in differences if d != 0]
    if not nonzero:
        return 1.0
    all_ranks, _ = ranks([abs(d) for d in nonzero])
    # A rank may end in 1/2.
    doubled = [round(2 * rank) for rank in all_ranks]
    positive = sum(r for r, d in zip(doubled, nonzero) if d > 0)
    upper = max(positive, sum(doubled) - positive)
    tail = sum(_signed_rank_counts(doubled)[upper:])
    return min(1.0, 2 * tail / 2 ** len(nonzero))


def _walsh_averages(differences):
    n = len(differences)
    return sorted(
        (differences[i] + differences[j]) / 2
        for i in range(n)
        for j in range(i, n)
    )


def hodges_lehmann(differences):
    """The median of the means of all pairs of differences: as robust as a
    median, and nearly as precise as a mean."""
    return statistics.median(_walsh_averages(differences))


@functools.lru_cache(maxsize=None)
def _signed_rank_quantile(n, confidence):
    """How many Walsh averages to leave out on each side. -1: there are too
    few samples for the confidence."""
    counts = _signed_rank_counts(range(1, n + 1))
    allowed = (1 - confidence) / 2 * 2**n
    total = 0
    for k, count in enumerate(counts):
        total += count
        if total > allowed:
            return k - 1
    return len(counts) - 1


def paired_interval(differences, confidence=0.95):
    """The confidence interval of hodges_lehmann(differences)."""
    k = _signed_rank_quantile(len(differences), confidence)
    if k < 0:
        return -math.inf, math.inf
    averages = _walsh_averages(differences)
    return averages[k], averages[-1 - k]


# --- Two independent sets of samples.


@functools.lru_cache(maxsize=None)
def u_distribution(first, second):
    """How many of all orders of first + second samples give each U."""
    counts = [0] * (first * second + 1)
    counts[0] = 1
    # The product of (1 - x^(first+i)) / (1 - x^i) for i = 1 ... second.
    for i in range(1, second + 1):
        for u in range(len(counts) - 1, first + i - 1, -1):
            counts[u] -= counts[u - first - i]
        for u in range(i, len(counts)):
            counts[u] += counts[u - i]
    return counts


def mann_whitney_p(one, other):
    """The two-sided p-value of the Mann-Whitney U test of two sets of samples.
    Exact for few samples without ties; otherwise the normal approximation,
    corrected for ties and continuity."""
    if not one or not other:
        raise ValueError("mann_whitney_p needs samples on both sides")
    all_ranks, ties = ranks(list(one) + list(other))
    u = sum(all_ranks[: len(one)]) - len(one) * (len(one) + 1) / 2
    product = len(one) * len(other)
    total = len(one) + len(other)
    # The distribution is symmetric: use the upper tail.
    u = max(u, product - u)
    if max(ties) == 1 and max(len(one), len(other)) <= MAX_EXACT_SAMPLES:
        counts = u_distribution(len(one), len(other))
        return min(1.0, 2 * sum(counts[int(u) :]) / math.comb(total, len(one)))
    tie_term = sum(t**3 - t for t in ties) / (total * (total - 1))
    variance = product / 12 * (total + 1 - tie_term)
    if variance == 0:  # All samples are equal.
        return 1.0
    z = max(0.0, u - product / 2 - 0.5) / math.sqrt(variance)
    return math.erfc(z / math.sqrt(2))


def _differences(one, other):
    return sorted(b - a for a in one for b in other)


def shift(one, other):
    """By how much the samples of `other` are above those of `one`: the median
    of all differences."""
    return statistics.median(_differences(one, other))


def shift_interval(one, other, confidence=0.95):
    """The confidence interval of shift(one, other), exact without ties."""
    counts = u_distribution(len(one), len(other))
    allowed = (1 - confidence) / 2 * math.comb(len(one) + len(other), len(one))
    total = 0
    k = -1
    for count in counts:
        total += count
        if total > allowed:
            break
        k += 1
    if k < 0:
        return -math.inf, math.inf
    differences = _differences(one, other)
    return differences[k], differences[-1 - k]


# --- Many tests.


def holm(p_values):
    """The p-values, adjusted by Holm's method: the probability that any of
    these adjusted values is below a level by chance is at most that level."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for position, i in enumerate(order):
        factor = len(p_values) - position
        largest = max(largest, min(1.0, factor * p_values[i]))
        adjusted[i] = largest
    return adjusted
