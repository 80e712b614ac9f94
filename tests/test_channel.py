import asyncio

import pytest

from streamproc.channel import Channel, ChannelClosed, WhenFull


def make(capacity: int = 2, when_full: WhenFull = WhenFull.WAIT) -> Channel[int]:
    return Channel("numbers", capacity=capacity, when_full=when_full)


async def test_items_come_out_in_the_order_they_went_in() -> None:
    channel = make()
    await channel.put(1)
    await channel.put(2)
    channel.close()
    assert [number async for number in channel] == [1, 2]


async def test_a_reader_waits_for_a_writer() -> None:
    channel = make()
    reader = asyncio.create_task(anext(channel))
    await asyncio.sleep(0)
    await channel.put(1)
    assert await reader == 1


async def test_a_writer_waits_while_the_channel_is_full() -> None:
    channel = make(capacity=1)
    await channel.put(1)
    writer = asyncio.create_task(channel.put(2))
    await asyncio.sleep(0)
    assert not writer.done()
    assert await anext(channel) == 1
    await writer
    assert await anext(channel) == 2


async def test_several_writers_never_overfill_a_channel() -> None:
    channel = make(capacity=1)
    depths: list[int] = []
    channel._on_depth = depths.append
    writers = [asyncio.create_task(channel.put(number)) for number in range(5)]
    taken = [await anext(channel) for _ in range(5)]
    await asyncio.gather(*writers)
    assert sorted(taken) == [0, 1, 2, 3, 4]
    assert max(depths) == 1


async def test_a_full_channel_that_may_drop_lets_the_oldest_go_and_counts_it() -> None:
    drops: list[str] = []
    channel = Channel[int](
        "numbers", capacity=2, when_full=WhenFull.DROP_OLDEST, on_drop=lambda: drops.append("dropped")
    )
    for number in range(5):
        await channel.put(number)
    channel.close()
    assert [number async for number in channel] == [3, 4]
    assert channel.dropped == 3
    assert drops == ["dropped"] * 3


async def test_the_end_arrives_at_a_waiting_reader() -> None:
    channel = make()
    reader = asyncio.create_task(anext(channel, None))
    await asyncio.sleep(0)
    channel.close()
    channel.close()
    assert await reader is None


async def test_nothing_can_be_put_into_a_closed_channel_also_by_a_writer_that_waits() -> None:
    channel = make(capacity=1)
    await channel.put(1)
    writer = asyncio.create_task(channel.put(2))
    await asyncio.sleep(0)
    channel.close()
    with pytest.raises(ChannelClosed):
        await writer
    assert [number async for number in channel] == [1]


async def test_the_depth_is_told_after_each_change() -> None:
    depths: list[int] = []
    channel = Channel[int]("numbers", capacity=2, when_full=WhenFull.WAIT, on_depth=depths.append)
    await channel.put(1)
    await channel.put(2)
    await anext(channel)
    assert depths == [1, 2, 1]


def test_a_channel_that_holds_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="capacity of 0"):
        make(capacity=0)
