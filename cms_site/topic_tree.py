"""The topic tree in one query, for filters, chips and colours."""

from __future__ import annotations

from dataclasses import dataclass

from tagging.models import Topic


@dataclass(frozen=True, slots=True)
class TopicNode:
    """One topic. `path` is treebeard's: that of a topic below begins with it."""

    id: int
    slug: str
    name: str
    path: str
    depth: int


class TopicTree:
    """All topics, in tree order."""

    def __init__(self) -> None:
        rows = Topic.objects.order_by("path").values_list("pk", "slug", "name", "path", "depth")
        self.nodes = [TopicNode(*row) for row in rows]
        self.by_id = {node.id: node for node in self.nodes}
        self.by_slug = {node.slug: node for node in self.nodes}

    @property
    def mains(self) -> list[TopicNode]:
        return [node for node in self.nodes if node.depth == 1]

    def children(self, parent: TopicNode) -> list[TopicNode]:
        below = parent.depth + 1
        return [node for node in self.nodes if node.depth == below and node.path.startswith(parent.path)]

    def lineage(self, node: TopicNode) -> list[TopicNode]:
        """The main topic first, `node` itself last."""
        return [other for other in self.nodes if node.path.startswith(other.path)]
