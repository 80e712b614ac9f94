import pytest

from streamproc.logic.names import FITS, RIVALS, likeness, stems


@pytest.mark.parametrize(
    ("wanted", "title"),
    [
        ("Месту встречи", "Место встречи."),
        ("Свою игру", "Своя игра"),
        ("Таинственной России", "Таинственная Россия"),
        ("Следствием вели", "Следствие вели..."),
        ("Чудом техники", "Чудо техники"),
        ("пес 2", "Пёс-2"),
        ("the News at Ten", "News at ten"),
    ],
)
def test_a_name_in_another_form_is_the_same_name(wanted: str, title: str) -> None:
    assert likeness(wanted, title) >= 0.95


@pytest.mark.parametrize(
    ("wanted", "title"),
    [
        ("Чрезвычайое проишествие", "Чрезвычайное происшествие"),
        ("Местовстречи", "Место встречи"),
        ("ЧП", "Чрезвычайное происшествие"),
        ("Центральное телевидение", "«Центральное телевидение» с Вадимом Такменевым"),
        ("программа Место встречи", "Место встречи"),
    ],
)
def test_slips_short_forms_and_parts_of_a_name_fit(wanted: str, title: str) -> None:
    assert likeness(wanted, title) >= FITS


@pytest.mark.parametrize(
    ("wanted", "title"),
    [
        ("Пёс-2", "Пёс-3"),
        ("Своя игра", "Большая игра"),
        ("интервью", "Место встречи"),
        ("чп", "Чрезвычайное происшествие"),
        ("60 минут", "10 минут"),
        ("", "Сегодня"),
        ("...", "Сегодня"),
    ],
)
def test_another_name_does_not_fit(wanted: str, title: str) -> None:
    assert likeness(wanted, title) < FITS


@pytest.mark.parametrize(
    ("wanted", "exact", "longer"),
    [
        ("Сегодня", "Сегодня.", "Сегодня в Москве."),
        ("вести", "Вести.", "Вести. Местное время."),
        ("Пёс-2", "Пёс-2", "Пёс-2. Кутюрье."),
    ],
)
def test_the_very_name_is_clearly_nearer_than_a_longer_one(wanted: str, exact: str, longer: str) -> None:
    assert likeness(wanted, exact) - likeness(wanted, longer) > RIVALS


def test_words_that_carry_no_meaning_count_only_where_there_are_no_others() -> None:
    assert stems("программа о программе") == stems("Программе")
    assert stems("Выпуск") != ()
