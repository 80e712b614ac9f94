"""Which parameter sets a file has, under which ids.

All sets of a file stand in its one sample entry, so an id must mean the same everywhere in the file. Sets of our own
(heads, tails, what is coded anew) get ids that no source uses. Where two parts come from encoders that use an id for
different things, the later part's set is given another id, and its slices are told.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from streamproc.media.cutter import h264
from streamproc.media.cutter.encode import PictureEncoder
from streamproc.media.cutter.h264 import BitReader, BitWriter, ParameterSets
from streamproc.media.cutter.slices import read_slice, write_slice

_MOST_IDS = 32
_HEADER_BYTES = 384


class FileSets:
    """The sets of one file, as they come to be needed."""

    def __init__(self, sources: Iterable[ParameterSets]) -> None:
        """sources: what is known beforehand of the sets of all parts."""
        self._reserved = {number for sets in sources for number in (*sets.sps, *sets.pps)}
        self._adopted = ParameterSets()
        self._own: dict[int, bytes] = {}
        self._roles: dict[str, list[int]] = {}
        self.reorder = 0
        """How many pictures a decoder must hold back, at most."""

    def open_encoder(self, role: str, opener: Callable[[int], PictureEncoder]) -> PictureEncoder:
        """Return an encoder whose sets are in the file; encoders of one role share an id where their sets are equal.

        role: pictures next to each other must be of different ones. opener: opens an encoder with the id given.
        """
        ids = self._roles.setdefault(role, [])
        for number in ids:
            encoder = opener(number)
            if encoder.extradata == self._own[number]:
                return encoder
        number = self._free()
        encoder = opener(number)
        ids.append(number)
        self._own[number] = encoder.extradata
        return encoder

    def adopt(self, sets: ParameterSets) -> "Renumbering | None":
        """Take a part's own sets into the file; return how its slices must be renumbered, None when they need not be.

        Raises BitstreamError when there is no room.
        """
        sps_ids = {number: self._place(nal, self._adopted.sps, _with_sps_id) for number, nal in sets.sps.items()}
        pps_ids = {}
        for number, nal in sets.pps.items():
            told = _with_pps_ids(nal, number, sps_ids.get(h264.read_pps(nal).sps_id, 0))
            pps_ids[number] = self._place(told, self._adopted.pps, _with_pps_id)
        if all(old == new for old, new in pps_ids.items()):
            return None
        return Renumbering(sets, pps_ids)

    def entries(self) -> tuple[list[bytes], list[bytes]]:
        """Return the sequence and the picture parameter sets that the file's sample entry must hold."""
        own = ParameterSets()
        for extradata in self._own.values():
            own = own.updated(h264.split_annex_b(extradata))
        sps = [*own.sps.values(), *self._adopted.sps.values()]
        return [h264.with_reorder(nal, self.reorder) for nal in sps], [*own.pps.values(), *self._adopted.pps.values()]

    def _place(self, nal: bytes, there: dict[int, bytes], renamed: Callable[[bytes, int], bytes]) -> int:
        """Return the id under which the file has this set, after taking it in if need be."""
        number = _id_of(nal)
        nal = renamed(nal, number)
        if number in self._own:
            raise h264.BitstreamError("the source began to use a parameter set id that was taken for our own pictures")
        for known, other in there.items():
            if renamed(nal, known) == other:
                return known
        if number in there:
            number = self._free(there)
            nal = renamed(nal, number)
        there[number] = nal
        return number

    def _free(self, also: Iterable[int] = ()) -> int:
        taken = {*self._reserved, *self._own, *self._adopted.sps, *self._adopted.pps, *also}
        free = next((number for number in range(_MOST_IDS - 1, -1, -1) if number not in taken), None)
        if free is None:
            raise h264.BitstreamError("every parameter set id is taken")
        return free


class Renumbering:
    """Tells slices that their picture parameter sets have other ids."""

    def __init__(self, sets: ParameterSets, ids: dict[int, int]) -> None:
        """sets: as the source has them. ids: old → new."""
        self._ids = ids
        pps = {number: h264.read_pps(nal) for number, nal in sets.pps.items()}
        sps = {number: h264.read_sps(nal) for number, nal in sets.sps.items()}
        self._parsed = {number: (sps[one.sps_id], one) for number, one in pps.items() if one.sps_id in sps}

    def rewrite(self, nals: Sequence[bytes]) -> list[bytes]:
        """Return a picture's NAL units. Raises BitstreamError."""
        return [self._one(nal) if h264.nal_type(nal) in (h264.SLICE, h264.IDR_SLICE) else nal for nal in nals]

    def _one(self, nal: bytes) -> bytes:
        bits = BitReader(nal[:16], 8)
        bits.ue()
        bits.ue()
        number = bits.ue()
        if number not in self._parsed:
            raise h264.BitstreamError(f"there is no picture parameter set {number}")
        if self._ids[number] == number:
            return nal
        sps, pps = self._parsed[number]
        try:
            header = read_slice(h264.unescape(nal[:_HEADER_BYTES]), sps, pps)
        except h264.BitstreamError:
            header = read_slice(h264.unescape(nal), sps, pps)
        return write_slice(h264.unescape(nal), replace(header, pps_id=self._ids[number]), sps, pps)


def _id_of(nal: bytes) -> int:
    return h264.read_sps(nal).id if h264.nal_type(nal) == h264.SPS else h264.read_pps(nal).id


def _with_sps_id(nal: bytes, number: int) -> bytes:
    """Return the sequence parameter set under another id."""
    return _with_ids(nal, 32, (number,))


def _with_pps_id(nal: bytes, number: int) -> bytes:
    """Return the picture parameter set under another id."""
    return _with_pps_ids(nal, number, h264.read_pps(nal).sps_id)


def _with_pps_ids(nal: bytes, number: int, sps_id: int) -> bytes:
    return _with_ids(nal, 8, (number, sps_id))


def _with_ids(nal: bytes, at: int, numbers: tuple[int, ...]) -> bytes:
    """Write other Exp-Golomb values over those that begin at bit ``at``."""
    payload = h264.unescape(nal)
    bits, out = BitReader(payload), BitWriter()
    out.u(bits.u(at), at)
    for number in numbers:
        bits.ue()
        out.ue(number)
    value, count = bits.rest()
    zeros = (value & -value).bit_length() - 1  # what follows the stop bit
    out.u(value >> zeros, count - zeros)
    out.align(0)
    return h264.escape(out.bytes())
