"""What the sections share."""

from bench_tools import summary


def section(identity, title, text, views):
    """`views` have their ids from here."""
    for number, view in enumerate(views):
        view["id"] = f"{identity}-{number}"
    return {"id": identity, "title": title, "text": text, "views": views}


def setting_choice(setting):
    """The choice of a view that shows one setting."""
    choice = {"values": summary.bytes_text(setting.value_bytes)}
    if setting.entries is not None:
        choice["entries"] = f"{setting.entries:,}"
    if setting.keys is not None:
        choice["keys"] = summary.keys_text(setting.keys)
    choice["threads"] = str(setting.threads)
    return choice


def order(operation, setting):
    """Sorts views: the standard setting is the first, and memory is before
    files and servers."""
    places = ("memory", "file", "unix")
    return (
        not summary.is_standard(setting),
        summary.order(operation),
        places.index(setting.place) if setting.place in places else 9,
        setting.value_bytes,
        setting.entries or 0,
        str(setting),
    )
