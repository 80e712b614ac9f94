"""The composition root: puts the roles together; the only package that names everything.

A module a role, so that each process imports only what it needs: the recorder no model, the page no codec.
"""
