"""Generate the conversations of the sample contacts: an opening, a matter, a resolution and a farewell."""

import random

OPENINGS = (
    "Good morning, thank you for calling Meridian Travel, how can I help?",
    "Hello, you are through to Meridian Travel. What can I do for you today?",
    "Welcome to Meridian Travel, may I take your booking reference?",
)
MATTERS = {
    "Billing": (
        "I was charged twice for the same flight and I would like a refund.",
        "There is a fee on my invoice that nobody told me about.",
        "My card was declined although there is enough money in the account.",
    ),
    "Bookings": (
        "I want to book two seats to Lisbon for the second of next month.",
        "Can I add an extra bag to my booking please?",
        "My confirmation email never arrived and I am getting worried.",
    ),
    "Complaints": (
        "I have been waiting on hold for forty minutes and this is unacceptable.",
        "The hotel was nothing like the pictures and I want to make a complaint.",
        "This is the third time I call about the same problem, I want to speak to a manager.",
    ),
    "Loyalty": (
        "My points from the last trip are still missing.",
        "How many points do I need for a free upgrade?",
        "I would like to merge my two loyalty accounts.",
    ),
    "Sales": (
        "Do you have any offers for a family of four in August?",
        "I saw a cheaper price on another website, can you match it?",
        "What is included in the premium package?",
    ),
    "Technical support": (
        "The app crashes whenever I open my boarding pass.",
        "I forgot my password and the reset link does not work.",
        "Your website says error five hundred when I pay.",
    ),
    "Travel changes": (
        "I need to cancel my flight because of an illness in the family.",
        "Could you move my return to the following Monday?",
        "My connection was cancelled and I am stuck at the airport.",
    ),
    "VIP": (
        "I need a private transfer from the airport tonight.",
        "Please arrange a late check-out with the hotel as usual.",
        "My assistant asked you to change the seats last week.",
    ),
}
QUESTIONS = (
    "I am sorry to hear that. Could you confirm your date of birth and postcode?",
    "Let me have a look at that. May I put you on hold for a moment?",
    "I understand. Which email address is on the account?",
)
ANSWERS = (
    "Yes, of course, one moment please.",
    "It is the same address as last time.",
    "I already told your colleague all of that.",
)
RESOLUTIONS = (
    "I have issued the refund, it takes three to five working days.",
    "That is done, you will receive a confirmation email shortly.",
    "I will have to transfer you to a colleague who can help with this.",
    "I have opened a case for you and we will call you back tomorrow.",
)
FAREWELLS = (
    "Great, thank you very much, goodbye.",
    "Well, I am not happy, but thank you anyway.",
    "Perfect, you have been very helpful, have a nice day.",
)
BOT_GREETINGS = (
    "Hi, I am the virtual assistant. Tell me in a few words what you need.",
    "Hello! Before I connect you with an agent, what is this about?",
)
NOTICE = "This conversation may be recorded for quality and training purposes."
SUPERVISION = "Let me step in here, I am the shift supervisor and I will sort this out."


def conversation(choose: random.Random, channel: str, queue: str, *, supervised: bool) -> list[tuple[str, str]]:
    """Return the turns of a conversation: pairs of participant role and text."""
    matter = choose.choice(MATTERS[queue])
    before = [("SYSTEM", NOTICE)]
    if channel == "CHAT":
        before += [("CUSTOM_BOT", choose.choice(BOT_GREETINGS)), ("CUSTOMER", matter)]
    return [
        *before,
        ("AGENT", choose.choice(OPENINGS)),
        ("CUSTOMER", matter),
        ("AGENT", choose.choice(QUESTIONS)),
        ("CUSTOMER", choose.choice(ANSWERS)),
        *([("SUPERVISOR", SUPERVISION)] if supervised else []),
        ("AGENT", choose.choice(RESOLUTIONS)),
        ("CUSTOMER", choose.choice(FAREWELLS)),
    ]
