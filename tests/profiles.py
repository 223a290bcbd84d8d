"""Say how many examples Hypothesis tries."""

from hypothesis import Phase, settings

# scripts/test is repeatable: the same examples each time. `scripts/test --hypothesis-profile explore` looks for others.
# What fails prints a line that repeats it.
settings.register_profile("ci", derandomize=True, print_blob=True, deadline=None)
settings.register_profile("explore", max_examples=250, print_blob=True, deadline=None)
# For one file at a time, such as tests/service/test_following.py: 10,000 examples take an hour.
settings.register_profile("thorough", max_examples=10_000, print_blob=True, deadline=None)
# For scripts/mutate, which runs a test for each change of the code: few examples, and nothing to repeat a failure.
settings.register_profile(
    "mutation", max_examples=25, phases=(Phase.explicit, Phase.generate), derandomize=True, deadline=None
)
settings.load_profile("ci")


def examples(number: int) -> int:
    """Return how many examples a slow test has: this number in scripts/test, and more or fewer in other profiles."""
    ci = settings.get_profile("ci").max_examples
    return number * (settings.default or settings()).max_examples // ci
