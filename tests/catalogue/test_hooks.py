"""The book of webhooks."""

from streamproc.catalogue import Catalogue
from tests.catalogue.conftest import Feed


def test_a_new_hook_begins_with_what_happens_from_now_on(any_feed: Feed) -> None:
    any_feed.begin()
    _, newest = any_feed.catalogue.event_range()
    assert any_feed.catalogue.hooks.place("desk").last_event_id == newest > 0


def test_a_hook_goes_on_after_the_last_event_it_was_told_of(any_feed: Feed) -> None:
    hooks = any_feed.catalogue.hooks
    hooks.place("desk")
    any_feed.begin()
    hooks.told("desk", 1)
    assert hooks.place("desk").last_event_id == 1


def test_what_failed_is_remembered_until_it_succeeds(catalogue: Catalogue) -> None:
    catalogue.hooks.place("desk")
    catalogue.hooks.failed("desk", "503", 77)
    catalogue.hooks.failed("desk", "504", 99)
    place = catalogue.hooks.place("desk")
    assert (place.attempts, place.message, place.next_ns) == (2, "504", 99)
    catalogue.hooks.told("desk", 5)
    place = catalogue.hooks.place("desk")
    assert (place.attempts, place.message, place.next_ns) == (0, None, 0)


def test_a_disabled_hook_that_is_enabled_again_begins_anew(feed: Feed) -> None:
    hooks = feed.catalogue.hooks
    hooks.place("desk")
    hooks.disable("desk", "410 Gone")
    assert hooks.place("desk").disabled
    feed.begin()
    assert hooks.enable("desk")
    _, newest = feed.catalogue.event_range()
    assert (hooks.place("desk").disabled, hooks.place("desk").last_event_id) == (False, newest)
    assert not hooks.enable("desk")
