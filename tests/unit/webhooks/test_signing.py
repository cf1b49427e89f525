"""Both signatures against vectors made elsewhere."""

import base64
import hashlib

from obmen.domain.webhooks.signing import headers, message_id, standard_key


def hmac_by_definition(algorithm, block_bytes, key, data):
    """HMAC as RFC 2104 spells it, with nothing but the hash."""
    if len(key) > block_bytes:
        key = hashlib.new(algorithm, key).digest()
    key = key.ljust(block_bytes, b"\x00")
    inner = hashlib.new(algorithm, bytes(byte ^ 0x36 for byte in key) + data).digest()
    return hashlib.new(algorithm, bytes(byte ^ 0x5C for byte in key) + inner).digest()


def test_hmac_md5_of_rfc_2202():
    found = headers(b"what do ya want for nothing?", "Jefe", "1.1", 1, "Obmen/1")
    assert base64.b64decode(found["X-Hook-Signature"]).hex() == "750c783e6ab0b503eaa86e310a5db738"


def test_standard_webhooks_vector_of_the_published_libraries():
    body = b'{"test": 2432232314}'
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    found = headers(body, secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "Obmen/1")
    assert found["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert found["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert found["webhook-timestamp"] == "1614265330"


def test_both_signatures_by_definition():
    body = '{"name": "Ёлка"}'.encode()
    secret = "ключ с пробелом"
    found = headers(body, secret, "7.12", 1_700_000_000, "Obmen/1")
    md5 = hmac_by_definition("md5", 64, secret.encode(), body)
    sha = hmac_by_definition("sha256", 64, secret.encode(), b"7.12.1700000000." + body)
    assert found["X-Hook-Signature"] == base64.b64encode(md5).decode()
    assert found["webhook-signature"] == "v1," + base64.b64encode(sha).decode()


def test_the_documented_form_of_a_bare_secret_is_the_same_key():
    prefixed = "whsec_" + base64.b64encode(b"my own words").decode()
    assert standard_key(prefixed) == standard_key("my own words") == b"my own words"


def test_a_secret_that_only_looks_prefixed_is_taken_as_written():
    assert standard_key("whsec_no base64!") == b"whsec_no base64!"
    assert standard_key("whsec_") == b"whsec_"


def test_without_a_secret_nothing_is_signed():
    found = headers(b"{}", None, message_id(7, 12), 1, "Obmen/1")
    assert found["webhook-id"] == "7.12"
    assert "X-Hook-Signature" not in found
    assert "webhook-signature" not in found
