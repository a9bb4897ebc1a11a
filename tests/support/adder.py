"""A function for a child process, which prints as libraries do."""


def adder(start):
    total = start

    def add(number):
        nonlocal total
        print(f"adding to {total}")
        total += number
        return total

    return add
