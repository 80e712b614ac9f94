"""Adds a PID with SCTE-35 sections to a transport stream, packet by packet; every other packet stays as it is.

The programme's PMT is written anew, with the stream, the registration ``CUEI`` and its next version number. A packet is
put in before the picture with which a section is due. In a stream with null packets it takes the place of one, so that
a constant rate stays constant; if none comes before the next picture, it is put in there.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from threefive.crc import crc32
from threefive.pmt import PMT

PACKET: Final = 188
WRAP: Final = 1 << 33
STREAM_TYPE: Final = 0x86
_SYNC: Final = 0x47
_NULL: Final = 0x1FFF
_PAT: Final = 0
_PMT_TABLE: Final = 0x02
_FIRST_PID: Final = 0x01F4  # where we look for a free one
_CHUNK: Final = PACKET * 4096
_RESYNC: Final = 3  # packets in a row that must begin where they should


class NotTransport(ValueError):
    """The bytes are no transport stream of 188-byte packets with the programme that is sought."""


@dataclass(frozen=True, slots=True)
class Insertion:
    """A section, and when it is due."""

    at: int
    """It goes before the first picture that is decoded at or after this, ticks of 90 kHz from the first picture on."""
    section: bytes


@dataclass(slots=True)
class Injected:
    """What was done."""

    pid: int = 0
    """The PID of our sections."""
    sections: int = 0
    """Sections that were written."""
    replaced: int = 0
    """Null packets whose place they took."""
    other_pids: list[int] = field(default_factory=list)
    """PIDs with cues that were there before."""


class _Sections:
    """Puts the sections of one PID together."""

    def __init__(self) -> None:
        self._part = bytearray()

    def take(self, packet: bytes) -> list[bytes]:
        """Take in a packet; return the sections that end in it."""
        payload = _payload(packet)
        if packet[1] & 0x40:
            if not payload:
                return []
            pointer = payload[0]
            done = self._more(payload[1 : 1 + pointer]) if self._part else []
            self._part.clear()
            return done + self._more(payload[1 + pointer :])
        return self._more(payload) if self._part else []

    def _more(self, data: bytes) -> list[bytes]:
        self._part += data
        done: list[bytes] = []
        while len(self._part) >= 3 and self._part[0] != 0xFF:
            size = 3 + (int.from_bytes(self._part[1:3], "big") & 0xFFF)
            if len(self._part) < size:
                return done
            done.append(bytes(self._part[:size]))
            del self._part[:size]
        if self._part[:1] == b"\xff":
            self._part.clear()
        return done


class Injector:
    """Writes one stream with sections put in; see the module."""

    def __init__(self, source: BinaryIO, video_pid: int, zero: int, insertions: Iterable[Insertion]) -> None:
        """source: can be sought in. zero: what it counts at its first picture, 33 bits. insertions: in order.

        Raises NotTransport.
        """
        self._source = source
        self._video_pid = video_pid
        self._now = (zero, 0)  # the newest count, and the same from the first picture on, without wraps
        self._waiting = deque(insertions)
        self._due: deque[bytes] = deque()  # packets
        self.done = Injected()
        self._programme = _Programme()
        used = self._look_ahead()
        self._may_wait = _NULL in used  # for a null packet, up to the next picture
        if self._programme.pmt_pid is None:
            raise NotTransport("it has no whole table of the programme with its video")
        self.done.pid = next(pid for pid in range(_FIRST_PID, _NULL) if pid not in used)
        self._tables: dict[int, _Sections] = {self._programme.pmt_pid: _Sections()}
        self._counters = {self._programme.pmt_pid: 0, self.done.pid: 0}

    @property
    def pmt_pid(self) -> int | None:
        """The PID of the programme's table."""
        return self._programme.pmt_pid

    def run(self) -> Iterator[bytes]:
        """Yield the stream with what was put in, piece by piece."""
        self._source.seek(0)
        for packet in packets(self._source):
            if len(packet) != PACKET or packet[0] != _SYNC:
                yield packet  # what lies between packets
                continue
            yield from self._after(packet, _pid(packet))
        yield from self._all_due()

    def _after(self, packet: bytes, pid: int) -> Iterator[bytes]:
        """Yield what becomes of one packet."""
        if pid == self._programme.pmt_pid:
            yield from self._tables_anew(packet, pid)
            return
        if pid == _NULL and self._due:
            self.done.replaced += 1
            yield self._due.popleft()
            return
        if pid == self._video_pid and packet[1] & 0x40:
            yield from self._all_due()
            now = self._elapsed(pes_time(packet))
            while self._waiting and self._waiting[0].at <= now:
                self._due.extend(self._packets(self.done.pid, self._waiting.popleft().section))
                self.done.sections += 1
            if not self._may_wait:
                yield from self._all_due()
        yield packet

    def _elapsed(self, count: int | None) -> int:
        """Return how many ticks have passed since the first picture, given the present count, which wraps."""
        before, elapsed = self._now
        if count is not None:
            elapsed += (count - before + WRAP // 2) % WRAP - WRAP // 2
            self._now = (count, elapsed)
        return elapsed

    def _all_due(self) -> Iterator[bytes]:
        while self._due:
            yield self._due.popleft()

    def _tables_anew(self, packet: bytes, pid: int) -> Iterator[bytes]:
        for section in self._tables[pid].take(packet):
            if self._programme.is_ours(section):
                section = with_cues(section, self.done.pid)
            yield from self._packets(pid, section)

    def _packets(self, pid: int, section: bytes) -> Iterator[bytes]:
        """Yield a section as packets, with the PID's counter going on."""
        rest, first = b"\x00" + section, True
        while rest:
            head = bytes([_SYNC, (0x40 if first else 0) | pid >> 8, pid & 0xFF, 0x10 | self._counters[pid]])
            self._counters[pid] = (self._counters[pid] + 1) % 16
            part, rest = rest[: PACKET - 4], rest[PACKET - 4 :]
            yield head + part + b"\xff" * (PACKET - 4 - len(part))
            first = False

    def _look_ahead(self) -> set[int]:
        """Read the whole stream for its PIDs and the programme's table; return the PIDs. Raises NotTransport."""
        used: set[int] = set()
        tables: dict[int, _Sections] = {_PAT: _Sections()}
        self._source.seek(0)
        whole = 0
        for packet in packets(self._source):
            if len(packet) != PACKET or packet[0] != _SYNC:
                continue
            whole += 1
            pid = _pid(packet)
            used.add(pid)
            if pid in tables and self._programme.pmt_pid is None:
                for section in tables[pid].take(packet):
                    self._learn(pid, section, tables, used)
        if whole < _RESYNC:
            raise NotTransport("it is no transport stream of 188-byte packets")
        return used

    def _learn(self, pid: int, section: bytes, tables: dict[int, _Sections], used: set[int]) -> None:
        streams = _streams(pid, section, tables)
        used |= streams.keys()
        if self._video_pid in streams:
            self._programme = _Programme(pid, section[3:5])
            self.done.other_pids = [number for number, kind in streams.items() if kind == STREAM_TYPE]


def count_damaged(source: BinaryIO) -> int:
    """Return how many sections with cues a stream holds whose checksum is wrong; libavformat drops them silently."""
    tables: dict[int, _Sections] = {_PAT: _Sections()}
    cues: dict[int, _Sections] = {}
    damaged = 0
    for packet in packets(source):
        if len(packet) != PACKET or packet[0] != _SYNC:
            continue
        pid = _pid(packet)
        if pid in cues:
            damaged += sum(crc32(section) != 0 for section in cues[pid].take(packet))
        elif pid in tables:
            for section in tables[pid].take(packet):
                for number, kind in _streams(pid, section, tables).items():
                    if kind == STREAM_TYPE:
                        cues.setdefault(number, _Sections())
    return damaged


def _streams(pid: int, section: bytes, tables: dict[int, _Sections]) -> dict[int, int]:
    """Return the PIDs that a programme's table names, with their types; of the PAT, enter the tables it names."""
    if crc32(section) != 0:
        return {}
    if pid == _PAT:
        for at in range(8, len(section) - 4, 4):
            if section[at : at + 2] != b"\0\0":
                tables.setdefault(int.from_bytes(section[at + 2 : at + 4], "big") & 0x1FFF, _Sections())
        return {}
    if section[0] != _PMT_TABLE:
        return {}
    return {stream.elementary_pid: stream.stream_type for stream in PMT(section).streams}


@dataclass(frozen=True, slots=True)
class _Programme:
    """Which table is ours."""

    pmt_pid: int | None = None
    number: bytes = b""

    def is_ours(self, section: bytes) -> bool:
        return section[0] == _PMT_TABLE and section[3:5] == self.number and crc32(section) == 0


def packets(source: BinaryIO) -> Iterator[bytes]:
    """Yield the packets of a stream; what lies between two of them, when it has lost step, as it is."""
    rest = b""
    while chunk := source.read(_CHUNK):
        rest += chunk
        at = 0
        while len(rest) - at >= PACKET * _RESYNC:
            if rest[at] == _SYNC:
                yield rest[at : at + PACKET]
                at += PACKET
                continue
            step = _next_in_step(rest, at)
            yield rest[at:step]
            at = step
        rest = rest[at:]
    for at in range(0, len(rest), PACKET):
        yield rest[at : at + PACKET]


def _next_in_step(data: bytes, at: int) -> int:
    """Return where packets go on; as far as can be told, the end of what is there."""
    last = len(data) - PACKET * (_RESYNC - 1)
    while (at := data.find(_SYNC, at + 1, last)) >= 0:
        if all(data[at + number * PACKET] == _SYNC for number in range(_RESYNC)):
            return at
    return last


def with_cues(section: bytes, pid: int) -> bytes:
    """Return a programme's table with a stream of cues, its registration, and the next version number."""
    table = PMT(section)
    table.add_scte35stream(pid)
    table.version_number = (table.version_number + 1) % 32
    made: bytes = table.mk()
    return made[1:]  # without the pointer


def pes_time(packet: bytes) -> int | None:
    """Return when what begins in this packet is decoded, ticks of 90 kHz; None when it is not told."""
    payload = _payload(packet)
    if len(payload) < 14 or payload[:3] != b"\0\0\1" or payload[6] & 0xC0 != 0x80:
        return None
    flags = payload[7] >> 6
    if flags == 3 and len(payload) >= 19:
        return _stamp(payload[14:19])
    return _stamp(payload[9:14]) if flags & 2 else None


def _stamp(five: Sequence[int]) -> int:
    return (five[0] >> 1 & 7) << 30 | five[1] << 22 | five[2] >> 1 << 15 | five[3] << 7 | five[4] >> 1


def _pid(packet: bytes) -> int:
    return (packet[1] & 0x1F) << 8 | packet[2]


def _payload(packet: bytes) -> bytes:
    control = packet[3] >> 4 & 3
    if control == 1:
        return packet[4:]
    return packet[5 + packet[4] :] if control == 3 and packet[4] < PACKET - 5 else b""
