"""One text encoder asked by several threads: a search while the machine recognises."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from discover.text_encoders import TextEncoderConfig, build_text_encoder


def test_threads_get_the_vectors_of_their_own_texts() -> None:
    encoder = build_text_encoder(TextEncoderConfig())
    texts = [f"someone is in room {k}" for k in range(24)]
    alone = {text: encoder.encode([text])[0] for text in texts}
    with ThreadPoolExecutor(12) as threads:
        found = list(threads.map(lambda text: encoder.encode([text])[0], texts * 4))
        pieces = list(threads.map(encoder.count_pieces, texts))
    assert pieces == [encoder.count_pieces(text) for text in texts]
    for text, vector in zip(texts * 4, found, strict=True):
        np.testing.assert_array_equal(vector, alone[text])
