"""How alike a wanted name and a programme's title are, in spite of word forms, order, slips and abbreviations.

Words are compared by their stems (Snowball's for Russian and English, so «Место встречи» is found as «Месту встречи»),
and stems by edit distance, so that a slip of the keyboard does not matter. Numbers must agree: «Пёс-2» is not «Пёс-3».
docs/decisions/0012-orders.md says why it is done this way, and what was measured.
"""

import re
from functools import lru_cache

import snowballstemmer
from rapidfuzz import fuzz

FITS = 0.75
"""A title less alike than this is another name."""
RIVALS = 0.08
"""Titles that are less alike than the best by at most this much may be meant as well."""
_NEAR = 0.7
"""Words less alike than this have nothing to do with each other."""
_SHORT_FORM = 0.95
_LETTERS_OF_SHORT_FORM = range(2, 6)
_WORD = re.compile(r"\d+|[^\W\d_]+")
_CYRILLIC = re.compile("[а-яё]")
_RUSSIAN_FILLERS = (
    "в во на с со и о об по из к у за для от до программа программу программы передача передачу передачи выпуск эфир"
)
_ENGLISH_FILLERS = "a an the of at on in and programme program show"
_FILLERS = frozenset(f"{_RUSSIAN_FILLERS} {_ENGLISH_FILLERS}".split())


def likeness(wanted: str, title: str) -> float:
    """Return how alike two names are, in [0, 1]; 1 for the same words in whatever forms."""
    left, right = stems(wanted), stems(title)
    if not left or not right:
        return 0.0
    if is_short_form(wanted, title):
        return _SHORT_FORM
    if _numbers(left) - _numbers(right):
        return 0.0
    asked, told = _covered(left, right), _covered(right, left)
    by_words = 0.7 * asked + 0.3 * told
    as_written = fuzz.ratio("".join(left), "".join(right)) / 100  # words written together, or apart
    return max(by_words, as_written if as_written >= FITS else 0.0)


def is_short_form(wanted: str, title: str) -> bool:
    """Tell whether a name is the capital letters that a title's words begin with: «ЧП»."""
    letters = wanted.strip(" .\"'«»")
    if not (letters.isalpha() and letters.isupper() and len(letters) in _LETTERS_OF_SHORT_FORM):
        return False
    return letters.casefold() == "".join(word[0] for word in _words(title))


def has_words(wanted: str, *texts: str | None) -> bool:
    """Tell whether each word of a search is in some text, in whatever form, or as the beginning of a word."""
    there = [word for text in texts if text is not None for word in _words(text)]
    return all(any(word.startswith(stem) for word in there) for stem in stems(wanted))


@lru_cache(maxsize=4096)
def stems(text: str) -> tuple[str, ...]:
    """Return the stems of a name's words, without those that carry no meaning unless there are no others."""
    words = _words(text)
    telling = [word for word in words if word not in _FILLERS]
    return tuple(_stem(word) for word in telling or words)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold().replace("ё", "е"))


def _stem(word: str) -> str:
    if word.isdecimal():
        return word.lstrip("0") or "0"
    language = "russian" if _CYRILLIC.search(word) else "english"
    # A stemmer keeps the word it works on, so threads must not share one; making one costs nothing.
    return str(snowballstemmer.stemmer(language).stemWord(word)) or word


def _numbers(words: tuple[str, ...]) -> set[str]:
    return {word for word in words if word.isdecimal()}


def _covered(words: tuple[str, ...], others: tuple[str, ...]) -> float:
    """Return how much of a name is in another, each word weighing what its letters do."""
    total = sum(len(word) for word in words)
    return sum(len(word) * _best(word, others) for word in words) / total


def _best(word: str, others: tuple[str, ...]) -> float:
    if word.isdecimal():
        return float(word in others)
    best = max(fuzz.ratio(word, other) for other in others) / 100
    return best if best >= _NEAR else 0.0
