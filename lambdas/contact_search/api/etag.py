"""Compare validators of responses."""


def matches(if_none_match: str, etag: str) -> bool:
    """Tell whether an If-None-Match header, empty if there is none, names the ETag (RFC 9110, section 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag.removeprefix("W/") in tags
