"""A few lines of TAP for the tests that drive the program from outside."""
import sys
import traceback

_cases = []


def case(function):
    _cases.append(function)
    return function


def main():
    print(f"1..{len(_cases)}", flush=True)
    failed = 0
    for number, function in enumerate(_cases, 1):
        try:
            function()
            print(f"ok {number} - {function.__name__}", flush=True)
        except Exception:  # a failed claim, reported with its place
            failed += 1
            print(f"not ok {number} - {function.__name__}", flush=True)
            for line in traceback.format_exc().rstrip().split("\n"):
                print("#", line, flush=True)
    sys.exit(bool(failed))
