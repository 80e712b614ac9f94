"""People, their sessions and tokens, on each kind of database."""

from collections.abc import Iterator

import pytest

from streamproc.catalogue import Catalogue, UserRole
from streamproc.catalogue.signing import UserChange
from streamproc.errors import CatalogueConflict, ConfigError
from streamproc.timebase import NS, ManualClock

PASSWORD = "correct horse battery"
HOUR_NS = 3600 * NS


@pytest.fixture
def book(any_url: str, clock: ManualClock) -> Iterator[Catalogue]:
    opened = Catalogue.open(any_url, clock=clock)
    yield opened
    opened.close()


def test_a_name_is_the_same_however_it_is_written(book: Catalogue) -> None:
    anna = book.people.add(" Йorg.Анна ", UserRole.ADMIN, password=PASSWORD)
    assert anna.name == "йorg.анна"
    assert book.people.verify("ЙORG.анна", PASSWORD) == anna  # И and a breve, composed
    with pytest.raises(CatalogueConflict, match=r"there is a user 'йorg\.анна' already"):
        book.people.add("йorg.анна", UserRole.VIEWER)


@pytest.mark.parametrize("name", ["", " ", "an na", "a/b", "a" * 65, "a\n", "<b>", "a\x00"])
def test_what_is_no_name_is_refused(book: Catalogue, name: str) -> None:
    if name == "a\n":
        assert book.people.add(name, UserRole.ADMIN).name == "a"  # blanks at the ends are nobody's wish
        return
    with pytest.raises(ConfigError, match="a user's name has 1 to 64"):
        book.people.add(name, UserRole.ADMIN)


def test_the_hash_of_a_password_is_argon2id_and_nobody_sees_it(book: Catalogue) -> None:
    from sqlalchemy import text

    book.people.add("anna", UserRole.ADMIN, password=PASSWORD)
    with book.ledger.read() as session:
        hashed = session.execute(text("SELECT password_hash FROM users")).scalar_one()
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert "hash" not in repr(book.people.all()[0])


def test_somebody_without_a_password_has_none_that_fits(book: Catalogue) -> None:
    book.people.add("anna", UserRole.ADMIN)
    assert book.people.verify("anna", "") is None
    assert book.people.verify("anna", "nobody has this password") is None


def test_a_session_lasts_as_long_as_it_is_used_and_not_for_ever(book: Catalogue, clock: ManualClock) -> None:
    anna = book.people.add("anna", UserRole.ADMIN)
    secret = book.keys.open_session(anna.id, "c", 10 * HOUR_NS)
    for _ in range(9):
        clock.advance(3600)
        assert book.keys.of_session(secret, 2 * HOUR_NS) == anna
    clock.advance(3600)
    assert book.keys.of_session(secret, 2 * HOUR_NS) is None


def test_a_session_that_is_not_used_ends(book: Catalogue, clock: ManualClock) -> None:
    secret = book.keys.open_session(book.people.add("anna", UserRole.ADMIN).id, "c", 10 * HOUR_NS)
    clock.advance(2 * 3600)
    assert book.keys.of_session(secret, 2 * HOUR_NS) is None


def test_a_token_ends_when_it_was_said_to(book: Catalogue, clock: ManualClock) -> None:
    anna = book.people.add("anna", UserRole.ADMIN)
    made = book.keys.add_token(anna.id, "t", ["read"], clock.utc_ns() + HOUR_NS)
    assert made is not None
    assert book.keys.of_token(made[1]) is not None
    clock.advance(3600)
    assert book.keys.of_token(made[1]) is None


def test_nobody_gets_a_token_that_there_is_not(book: Catalogue) -> None:
    assert book.keys.add_token(7, "t", ["read"], None) is None


def test_who_is_deleted_takes_sessions_and_tokens_along(book: Catalogue) -> None:
    book.people.add("boss", UserRole.ADMIN)
    anna = book.people.add("anna", UserRole.EDITOR)
    session = book.keys.open_session(anna.id, "c", HOUR_NS)
    made = book.keys.add_token(anna.id, "t", ["read"], None)
    assert made is not None
    assert book.people.remove(anna.id)
    assert (book.keys.of_session(session, HOUR_NS), book.keys.of_token(made[1])) == (None, None)
    assert not book.people.remove(anna.id)


def test_with_two_admins_one_may_go(book: Catalogue) -> None:
    one, other = (book.people.add(name, UserRole.ADMIN) for name in ("one", "other"))
    assert book.people.change(one.id, UserChange(disabled=True)) is not None
    with pytest.raises(CatalogueConflict):
        book.people.remove(other.id)
    assert [row.name for row in book.people.all()] == ["one", "other"]


def test_whom_nobody_vouched_for_with_a_role_is_not_added(book: Catalogue) -> None:
    assert book.people.from_outside("anna", "", None) is None
    assert book.people.from_outside("an na", "", UserRole.VIEWER) is None
    anna = book.people.from_outside("Anna", "Анна", UserRole.VIEWER)
    assert anna is not None
    assert (anna.name, anna.role, book.people.from_outside("anna", "", None)) == ("anna", UserRole.VIEWER, anna)
