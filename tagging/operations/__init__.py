"""What can be done with analyses: queue, analyse, decide. The service layer: knows no request and no task."""

from .accuracy import ENOUGH as ENOUGH_VERDICTS
from .accuracy import TopicAccuracy, topic_accuracy
from .adoption import AdoptionPlan, AdoptionReport, TagGroup, adopt, plan_adoption
from .analysis import BatchReport, analyze_batch, sweep
from .batches import Outcome, Pair, Receipt, decide_many, undo_many
from .decisions import accept, add, copy_decisions, reject, undo
from .embedding_models import ensure_vector_index
from .entities import curation
from .filters import refresh_filters, refresh_privacy
from .gazetteer import current_gazetteer, pass_on, recognizer_id
from .inquiries import answer, ask, collect, forget_inquiries, withdraw
from .log_actions import register_log_actions
from .maintenance import maintain
from .outbox import analyzable_pages, mark_stale, waiting
from .state import PageState, state_of
from .storage import lock_page
from .tag_field import DraftTag, draft_tag, tag_field
from .tag_models import PageTagField, page_tag_field, page_tag_fields
from .topic_search import FoundTopic, TopicSearch, search_topics

__all__ = [
    "ENOUGH_VERDICTS",
    "AdoptionPlan",
    "AdoptionReport",
    "BatchReport",
    "DraftTag",
    "FoundTopic",
    "Outcome",
    "PageState",
    "PageTagField",
    "Pair",
    "Receipt",
    "TagGroup",
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
    "curation",
    "current_gazetteer",
    "decide_many",
    "draft_tag",
    "ensure_vector_index",
    "forget_inquiries",
    "lock_page",
    "maintain",
    "mark_stale",
    "page_tag_field",
    "page_tag_fields",
    "pass_on",
    "plan_adoption",
    "recognizer_id",
    "refresh_filters",
    "refresh_privacy",
    "register_log_actions",
    "reject",
    "search_topics",
    "state_of",
    "sweep",
    "tag_field",
    "topic_accuracy",
    "undo",
    "undo_many",
    "waiting",
    "withdraw",
]
