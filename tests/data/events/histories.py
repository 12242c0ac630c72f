#!/usr/bin/env python3
"""Writes histories.csv and answers.csv: random event tables and what they give, by a second implementation.

    python3 histories.py SEED SUBJECTS

It shares nothing with the engine: every dose is unrolled (a steady state is 400 doses in the past), inputs are
constant between the moments at which something starts or ends, and a step is a matrix exponential by scaling and
squaring of its Taylor series.  The model is histories.yaml.  Answers have 12 digits and are good to 1e-11 of the peak.
"""
import math
import random
import sys

FRACTION, LAG, DURATION, RATE = 0.6, 0.7, 2.0, 20.0
COLUMNS = "ID TIME AMT RATE EVID CMT ADDL II SS".split()
GUT, BODY, DEEP, METABOLITE = range(4)
VOLUME = 10.0
# routes as CMT numbers them: parts of (compartment, fraction, lag, own duration, own rate)
ROUTES = {
    1: [(BODY, 1, 0, None, None)],
    2: [(GUT, FRACTION, LAG, None, None)],
    3: [(BODY, 1, 0, DURATION, None)],
    4: [(BODY, 1, 0, None, RATE)],
    5: [(GUT, FRACTION, 0, None, None), (BODY, 1 - FRACTION, LAG, None, None)],
    6: [(BODY, FRACTION, LAG, None, None)],
}


def system():
    a = [[0.0] * 4 for _ in range(4)]
    for source, target, rate in [(GUT, BODY, 1.5), (BODY, DEEP, 0.3), (DEEP, BODY, 0.2), (BODY, None, 0.5),
                                 (BODY, METABOLITE, 0.2), (METABOLITE, None, 0.15)]:
        a[source][source] -= rate
        if target is not None:
            a[target][source] += rate
    return a


A = system()


def product(a, b):
    return [[sum(a[i][k] * b[k][j] for k in range(5)) for j in range(5)] for i in range(5)]


def exponential(m):
    norm = max(sum(abs(v) for v in row) for row in m)
    halvings = max(0, math.ceil(math.log2(norm / 0.25))) if norm > 0.25 else 0
    m = [[v / 2**halvings for v in row] for row in m]
    total = [[float(i == j) for j in range(5)] for i in range(5)]
    term = [row[:] for row in total]
    for k in range(1, 20):
        term = [[v / k for v in row] for row in product(term, m)]
        total = [[total[i][j] + term[i][j] for j in range(5)] for i in range(5)]
    for _ in range(halvings):
        total = product(total, total)
    return total


def step(state, inputs, hours):
    if hours <= 0:
        return state
    e = exponential([[A[i][j] * hours for j in range(4)] + [inputs[i] * hours] for i in range(4)] + [[0.0] * 5])
    whole = state + [1.0]
    return [sum(e[i][j] * whole[j] for j in range(5)) for i in range(4)]


def arrivals(time, row):
    """(start, end, compartment, mg/h), or (time, None, compartment, mg) for a bolus."""
    out = []
    amount, rate, parts = row["AMT"], row["RATE"], ROUTES[row["CMT"]]
    for compartment, fraction, lag, duration, own_rate in parts:
        start = time + lag
        if rate > 0 and len(parts) > 1:
            out.append((start, start + amount / rate, compartment, fraction * rate))
        elif rate > 0:
            out.append((start, start + fraction * amount / rate, compartment, rate))
        elif duration:
            out.append((start, start + duration, compartment, fraction * amount / duration))
        elif own_rate:
            out.append((start, start + fraction * amount / own_rate, compartment, own_rate))
        else:
            out.append((start, None, compartment, fraction * amount))
    return out


def run(state, pending, start, end):
    """The state at `end`; a bolus at `start` was given before, one at `end` is included."""
    marks = {start, end}
    for begins, ends, _, _ in pending:
        marks |= {t for t in (begins, ends) if t is not None and start < t < end}
    marks = sorted(marks)
    for left, right in zip(marks, marks[1:]):
        inputs = [0.0] * 4
        for begins, ends, compartment, size in pending:
            if ends is not None and begins < (left + right) / 2 < ends:
                inputs[compartment] += size
        state = step(state, inputs, right - left)
        for begins, ends, compartment, size in pending:
            if ends is None and begins == right:
                state = state[:]
                state[compartment] += size
    return state


def subject(rows):
    state, pending, now, answers = [0.0] * 4, [], rows[0]["TIME"], []
    for row in rows:
        time, kind, every = row["TIME"], row["EVID"], row["II"]
        state = run(state, pending, now, time)
        now = time
        pending = [p for p in pending if (p[1] if p[1] is not None else p[0]) > now]
        if kind in (3, 4):
            state, pending = [0.0] * 4, []
        if kind in (1, 4) and row["SS"]:
            if row["AMT"]:
                past = [p for k in range(400, 0, -1) for p in arrivals(-k * every, row)]
                carried = [(p[0] + time, None if p[1] is None else p[1] + time) + p[2:] for p in past
                           if (p[1] if p[1] is not None else p[0]) > 0]
            else:
                past = [(-3000, 1e9, ROUTES[row["CMT"]][0][0], row["RATE"])]
                carried = []
            plateau = run([0.0] * 4, past, -400 * every - 3000, 0)
            state = plateau if row["SS"] == 1 else [a + b for a, b in zip(state, plateau)]
            pending = carried if row["SS"] == 1 else pending + carried
        if kind in (1, 4) and not row["AMT"]:
            pending.append((time, 1e9, ROUTES[row["CMT"]][0][0], row["RATE"]))
        elif kind in (1, 4):
            for k in range(row["ADDL"] + 1):
                for p in arrivals(time + k * every, row):
                    if p[1] is None and p[0] <= now:
                        state = state[:]
                        state[p[2]] += p[3]
                    else:
                        pending.append(p)
        if kind in (0, 2):
            answers.append((state[BODY] / VOLUME, state[METABOLITE] / VOLUME))
    return answers


def history(rng, number):
    rows, time = [], rng.choice([0, 0, 1.5, -2])
    for _ in range(rng.randint(4, 14)):
        row = dict(ID=number, TIME=time, AMT=0, RATE=0, EVID=rng.choice([0, 0, 0, 0, 1, 1, 1, 1, 2, 3, 4]), CMT=1,
                   ADDL=0, II=0, SS=0)
        if row["EVID"] in (1, 4):
            row["CMT"], row["AMT"] = rng.choice([1, 1, 1, 2, 3, 4, 5, 6]), rng.choice([10, 35, 100])
            if row["CMT"] in (3, 4) and rng.random() < 0.8:
                row["RATE"] = -2 if row["CMT"] == 3 else -1
            elif row["CMT"] in (1, 5, 6) and rng.random() < 0.6:
                row["RATE"] = rng.choice([5, 17.5, 50, 100])
            kind = rng.random()
            if kind < 0.25:
                row["II"], row["ADDL"] = rng.choice([1, 3, 6, 12]), rng.choice([1, 2, 5])
            elif kind < 0.45:
                row["II"], row["SS"], row["ADDL"] = rng.choice([1.5, 3, 6, 12]), rng.choice([1, 1, 2]), rng.choice([0, 0, 2])
            elif kind < 0.5 and row["CMT"] == 1:
                row["SS"], row["AMT"], row["RATE"] = rng.choice([1, 2]), 0, 15
        rows.append(row)
        time = round(time + rng.choice([0, 0.25, 0.5, 1, 2, 5, 0.7]), 6)
    for _ in range(3):
        rows.append(dict(ID=number, TIME=time, AMT=0, RATE=0, EVID=0, CMT=1, ADDL=0, II=0, SS=0))
        time = round(time + 1.3, 6)
    return rows


def main():
    rng = random.Random(int(sys.argv[1]))
    subjects = [history(rng, i + 1) for i in range(int(sys.argv[2]))]
    with open("histories.csv", "w") as table, open("answers.csv", "w") as answers:
        table.write(",".join(COLUMNS) + "\n")
        answers.write("ID,TIME,c,m\n")
        for rows in subjects:
            for row in rows:
                table.write(",".join(f"{row[c]:g}" for c in COLUMNS) + "\n")
            samples = [row for row in rows if row["EVID"] in (0, 2)]
            for row, (parent, metabolite) in zip(samples, subject(rows)):
                answers.write(f"{row['ID']},{row['TIME']:g},{parent:.12g},{metabolite:.12g}\n")


main()
