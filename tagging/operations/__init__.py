"""What can be done with analyses: queue, analyse, decide. The service layer: knows no request and no task."""

from .accuracy import ENOUGH as ENOUGH_VERDICTS
from .accuracy import TopicAccuracy, topic_accuracy
from .adoption import AdoptionPlan, AdoptionReport, TagGroup, adopt, plan_adoption
from .analysis import BatchReport, analyze_batch, sweep
from .batches import Outcome, Pair, Receipt, decide_many, undo_many
from .copies import copy_decisions, copy_decisions_of_tree
from .decisions import accept, add, keep_tags, reject, undo
from .embedding_models import current_embedder, ensure_vector_index, live_model, settings_differ
from .entities import curation
from .filters import refresh_filters, refresh_privacy
from .gazetteer import current_gazetteer, pass_on, recognizer_id
from .inquiries import answer, ask, collect, forget_inquiries, withdraw
from .log_actions import register_log_actions
from .maintenance import maintain
from .missing_topics import dismiss, find_missing_topics, missing_topics, take_back_dismissal
from .model_swap import FillReport, drop_old_models, fill, model_to_swap_to, previous_model, swap_lock, switch
from .outbox import analyzable_pages, is_analyzed, mark_stale, waiting
from .retagging import Retagged, retag
from .state import PageState, state_of
from .storage import lock_page
from .tag_field import DraftTag, draft_tag, tag_field
from .tag_findings import KINDS, Finding, TagReport, find_finding, heed_finding, ignore_finding, tag_models, tag_report
from .tag_merges import (
    MergeProgress,
    delete_unused_tag,
    merge_progress,
    recent_merges,
    retry_merge,
    start_merge,
    step_merge,
    undo_merge,
)
from .tag_models import PageTagField, page_tag_field, page_tag_fields
from .tag_uses import TagUse, pages_by_tag, pages_with, tag_uses
from .terms import drop_terms, recount_terms, uncount_terms
from .topic_merge import MergePreview, MergeStep, merge_topics, preview_merge
from .topic_search import FoundTopic, TopicSearch, search_topics
from .topic_split import Division, propose_split, split_off

__all__ = [
    "ENOUGH_VERDICTS",
    "KINDS",
    "AdoptionPlan",
    "AdoptionReport",
    "BatchReport",
    "Division",
    "DraftTag",
    "FillReport",
    "Finding",
    "FoundTopic",
    "MergePreview",
    "MergeProgress",
    "MergeStep",
    "Outcome",
    "PageState",
    "PageTagField",
    "Pair",
    "Receipt",
    "Retagged",
    "TagGroup",
    "TagReport",
    "TagUse",
    "TopicAccuracy",
    "TopicSearch",
    "accept",
    "add",
    "adopt",
    "analyzable_pages",
    "analyze_batch",
    "answer",
    "ask",
    "collect",
    "copy_decisions",
    "copy_decisions_of_tree",
    "curation",
    "current_embedder",
    "current_gazetteer",
    "decide_many",
    "delete_unused_tag",
    "dismiss",
    "draft_tag",
    "drop_old_models",
    "drop_terms",
    "ensure_vector_index",
    "fill",
    "find_finding",
    "find_missing_topics",
    "forget_inquiries",
    "heed_finding",
    "ignore_finding",
    "is_analyzed",
    "keep_tags",
    "live_model",
    "lock_page",
    "maintain",
    "mark_stale",
    "merge_progress",
    "merge_topics",
    "missing_topics",
    "model_to_swap_to",
    "page_tag_field",
    "page_tag_fields",
    "pages_by_tag",
    "pages_with",
    "pass_on",
    "plan_adoption",
    "preview_merge",
    "previous_model",
    "propose_split",
    "recent_merges",
    "recognizer_id",
    "recount_terms",
    "refresh_filters",
    "refresh_privacy",
    "register_log_actions",
    "reject",
    "retag",
    "retry_merge",
    "search_topics",
    "settings_differ",
    "split_off",
    "start_merge",
    "state_of",
    "step_merge",
    "swap_lock",
    "sweep",
    "switch",
    "tag_field",
    "tag_models",
    "tag_report",
    "tag_uses",
    "take_back_dismissal",
    "topic_accuracy",
    "uncount_terms",
    "undo",
    "undo_many",
    "undo_merge",
    "waiting",
    "withdraw",
]
