"""Generate user names for the agents of the sample contact centre."""

import random

FIRST_NAMES = (
    *("Aisha", "Bruno", "Chloe", "Daniel", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jack", "Katya", "Liam"),
    *("Maria", "Noah", "Olivia", "Pedro", "Quinn", "Rosa", "Sipho", "Thandi", "Uma", "Victor", "Wanda", "Zanele"),
)
LAST_NAMES = (
    *("Almeida", "Botha", "Carvalho", "Dlamini", "Evans", "Ferreira", "Green", "Hughes", "Ivanov", "Jones", "Khumalo"),
    *("Lopes", "Mokoena", "Naidoo", "Oliveira", "Pereira", "Quigley", "Roberts", "Silva", "Taylor", "Underwood"),
    *("Venter", "Walker", "Young", "Zulu"),
)


def usernames(choose: random.Random, count: int) -> list[str]:
    """Return `count` different user names, such as `jdoe`."""
    possible = {f"{first[0]}{last}".lower() for first in FIRST_NAMES for last in LAST_NAMES}
    return choose.sample(sorted(possible), count)
