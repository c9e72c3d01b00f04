"""Runs pip on Python 2.7 with the memory that it has on Python 3.

    python memo.py ARGUMENTS...

pip 20.3 keeps what it has read of an index, and what it made of it, with `functools.lru_cache`, which came with Python 3.2; without it,
every page is read and parsed again for each question of its resolver. What is told is the same.
"""

import functools
import runpy
import sys


def lru_cache(maxsize=None):
    """A decorator that remembers all answers; maxsize is as in Python 3, where less is remembered."""

    def remembering(function):
        answers = {}

        @functools.wraps(function)
        def answer(*words, **named):
            question = (words, tuple(sorted(named.items())))
            try:
                hash(question)
            except TypeError:
                # It cannot be remembered.
                return function(*words, **named)
            if question not in answers:
                answers[question] = function(*words, **named)
            return answers[question]

        return answer

    return remembering


if not hasattr(functools, "lru_cache"):
    functools.lru_cache = lru_cache
runpy.run_module("pip", run_name="__main__", alter_sys=True)
