"""Campaigns as documents, and the verdicts that are parts of them."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b

from msgspec.structs import replace

from scangait.recognise import results
from scangait.recognise.campaigns import Campaign
from scangait.recognise.results import Verdict
from scangait.telescope import dotted


def joined(found: list[Campaign], verdicts: list[Verdict]) -> tuple[list[Verdict], tuple[results.Campaign, ...]]:
    """The verdicts, of which each names its campaign, and the campaigns; their members are indices of the verdicts."""
    named, documents = list(verdicts), []
    for campaign in found:
        document = _document(campaign, [verdicts[index] for index in campaign.members])
        for index in campaign.members:
            named[index] = replace(named[index], campaign=document.campaign)
        documents.append(document)
    return named, tuple(documents)


def _document(campaign: Campaign, own: list[Verdict]) -> results.Campaign:
    scans = tuple(sorted(verdict.scan for verdict in own))
    labels: Counter[str] = Counter()
    for verdict in own:
        labels[verdict.label] += verdict.probes
    return results.Campaign(
        campaign=blake2b(" ".join(scans).encode(), digest_size=8).hexdigest(),
        label=min(labels, key=lambda label: (-labels[label], label)),
        sources=tuple(dotted(source) for source in campaign.sources),
        ports=campaign.ports,
        scans=scans,
        proof=campaign.proof,
        bits=campaign.bits,
        reason=campaign.reason,
        coverage=campaign.coverage,
        overlap=campaign.overlap,
    )
