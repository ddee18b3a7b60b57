"""Back to the champion before this one, in one command."""

from __future__ import annotations

from nlp_rnn.integrations import registry, store
from nlp_rnn.integrations.registry import Version
from nlp_rnn.operations import decisions, release
from nlp_rnn.operations.champion import REPLACED, ROLLED_BACK
from nlp_rnn.schema import UsageError


def rollback(name: str) -> tuple[Version, Version]:
    """Makes the version whose place the champion took the champion again, once it has proved itself.

    The one that is taken out stays in the registry, marked, and is not promoted again.

    Args:
        name: the model's name.

    Returns:
        the version that was taken out, and the one that is champion now.

    Raises:
        UsageError: there is no champion, or none before it.
        NlpRnnError: the former champion cannot be used any more; the champion stays.
        WorkspaceBusy: another release in this workspace does not end.
    """
    with release.alone():
        current = registry.resolve(f"models:/{name}@{registry.CHAMPION}")
        number = current.tags.get(REPLACED)
        if number is None:
            raise UsageError(
                f"version {current.version} of {name} took no other's place: there is none to go back to."
            )
        former = registry.resolve(f"models:/{name}/{number}")
        release.prove(former)
        time = release.now()
        registry.set_tags(name, current.version, {ROLLED_BACK: time})
        registry.set_alias(name, registry.CHAMPION, former.version)
        decisions.append(
            {
                "time": time,
                "run": name,
                "version": former.version,
                "package": former.digest,
                "champion": {"version": current.version, "package": current.digest},
                "promote": True,
                "alias": registry.CHAMPION,
                "reason": f"Version {current.version} was rolled back.",
                "store": store.address(),
            }
        )
        return current, former
