"""The addresses of finished work: orders, pieces, reviews."""

from streamproc.web import orders_api, pieces_api, reviews_api
from streamproc.web.answers import Order, Page, Piece
from streamproc.web.bodies import TABLES, Description, OrderChange, OrdersBody, PieceWish, RangeBody, VerdictBody
from streamproc.web.finished_answers import Naming, OrderList, ReviewSaid, Waiting
from streamproc.web.queries import PageQuery, Query
from streamproc.web.route import BAD, NAME, NO_CHANNEL, NUMBER, WRITES, Route

NO_ORDER = {404: "No order has this number."}
NO_PIECE = {404: "No piece has this number."}
NO_PROGRAMME = {404: "No programme has this number."}
ORDER = f"/api/v1/orders/{NUMBER}"
PIECE = f"/api/v1/pieces/{NUMBER}"
PIECES_OF_CHANNEL = f"/api/v1/channels/{NAME}/pieces"
PIECES_OF_PROGRAMME = f"/api/v1/programmes/{NUMBER}/pieces"

ROUTES = (
    Route(
        path="/api/v1/orders",
        handler=orders_api.find,
        summary="The desk's orders.",
        answer=Page[Order],
        query=orders_api.OrdersQuery,
        statuses=BAD,
    ),
    Route(
        path="/api/v1/orders",
        method="POST",
        handler=orders_api.add,
        summary="Order a list of pieces; each line is answered for itself, and a line said again is the same order.",
        answer=OrderList,
        query=orders_api.ListQuery,
        status=201,
        body=OrdersBody,
        also_takes=TABLES,
        statuses={200: "All of it was ordered before; nothing is new."} | WRITES,
    ),
    Route(path=ORDER, handler=orders_api.get, summary="One order.", answer=Order, statuses=NO_ORDER),
    Route(
        path=ORDER,
        method="PATCH",
        handler=orders_api.change,
        summary="Change what an order asks for, or answer what it asks: which programme, which channel.",
        answer=Order,
        body=OrderChange,
        statuses=WRITES | NO_ORDER | {409: "It has its piece, or was taken back."},
    ),
    Route(
        path=ORDER,
        method="DELETE",
        handler=orders_api.cancel,
        summary="Take an order back; it stays in the list as cancelled, and a piece that it has stays.",
        answer=Order,
        statuses=NO_ORDER | {409: "It is delivered."},
    ),
    Route(
        path=PIECES_OF_CHANNEL,
        handler=pieces_api.of_channel,
        summary="A channel's pieces.",
        answer=Page[Piece],
        query=PageQuery,
        statuses=BAD | NO_CHANNEL,
    ),
    Route(
        path=PIECES_OF_CHANNEL,
        method="POST",
        handler=pieces_api.want_range,
        summary="Wish for any range of a channel; the out point may lie ahead.",
        answer=Piece,
        status=202,
        body=RangeBody,
        has_key=True,
        statuses=WRITES | NO_CHANNEL,
    ),
    Route(
        path=PIECES_OF_PROGRAMME,
        handler=pieces_api.of_programme,
        summary="The pieces that show a programme.",
        answer=Page[Piece],
        statuses=NO_PROGRAMME,
    ),
    Route(
        path=PIECES_OF_PROGRAMME,
        method="POST",
        handler=pieces_api.want_programme,
        summary="Wish for a programme as one file, without its breaks; of one on air, as far as it has come.",
        answer=Piece,
        status=202,
        body=PieceWish,
        has_key=True,
        statuses=WRITES | NO_PROGRAMME | {409: "It has no part that can be cut yet."},
    ),
    Route(path=PIECE, handler=pieces_api.get, summary="One piece.", answer=Piece, statuses=NO_PIECE),
    Route(
        path=PIECE,
        method="PATCH",
        handler=pieces_api.describe,
        summary="Give a piece another title or description.",
        answer=Piece,
        body=Description,
        statuses=WRITES | NO_PIECE,
    ),
    Route(
        path=f"{PIECE}/download",
        handler=pieces_api.download,
        summary="A piece's file. Range, If-None-Match and If-Modified-Since are understood.",
        answer=None,
        media_type="video/mp4",
        statuses={
            206: "The range that was asked for.",
            304: "The file is as you have it.",
            404: "No piece has this number.",
            409: "The piece is not ready.",
            410: "The piece's file is gone.",
            416: "The file has no such range.",
        },
    ),
    Route(
        path=f"/api/v1/programmes/{NUMBER}",
        method="PATCH",
        handler=pieces_api.name_programme,
        summary="Give a programme a name or a description by hand; no schedule overwrites it.",
        answer=Naming,
        body=Description,
        statuses=WRITES | NO_PROGRAMME,
    ),
    Route(
        path=f"/api/v1/channels/{NAME}/reviews",
        handler=reviews_api.waiting,
        summary="What waits for somebody's look, most urgent first: unsure boundaries, names and splits.",
        answer=Page[Waiting],
        query=Query,
        statuses=BAD | NO_CHANNEL,
    ),
    Route(
        path=f"/api/v1/boundaries/{NUMBER}/review",
        method="POST",
        handler=reviews_api.of_boundary,
        summary="Say that a boundary is right; what waited for it is cut.",
        answer=ReviewSaid,
        status=201,
        body=VerdictBody,
        statuses=WRITES | {404: "No boundary has this number.", 409: "It is not final yet, or was taken back."},
    ),
    Route(
        path=f"/api/v1/programmes/{NUMBER}/review",
        method="POST",
        handler=reviews_api.of_programme,
        summary="Say that a programme's name and splits are right; orders that waited for it go on.",
        answer=ReviewSaid,
        status=201,
        body=VerdictBody,
        statuses=WRITES | NO_PROGRAMME | {409: "It is still on air."},
    ),
)
