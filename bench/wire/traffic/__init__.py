"""Recorded exchanges as bytes, read from their files without the code under test.

`records` reads a file, `framing` writes payloads as a transport carries them, `events` takes them
out again. Nothing here imports more of the product than the words of its domain, and nothing here
adds what a recorder did not write down: a stream without its terminator stays without it.
"""
