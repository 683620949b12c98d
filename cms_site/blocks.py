"""StreamField blocks of an article's body."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail import blocks
from wagtail.embeds.blocks import EmbedBlock
from wagtail.images.blocks import ImageBlock

from personalization.blocks import OnboardingBlock, RecommendedBlock

PARAGRAPH_FEATURES = ["bold", "italic", "link", "document-link", "ol", "ul", "code", "superscript", "subscript"]


class QuoteBlock(blocks.StructBlock):
    text = blocks.TextBlock(label=_("Quotation"))
    attribution = blocks.CharBlock(label=_("Who said it"), required=False)

    class Meta:
        icon = "openquote"
        label = _("Quote")
        template = "cms_site/blocks/quote.html"


class ArticleBody(blocks.StreamBlock):
    heading = blocks.CharBlock(
        icon="title", label=pgettext_lazy("in a text", "Heading"), template="cms_site/blocks/heading.html"
    )
    paragraph = blocks.RichTextBlock(icon="pilcrow", label=_("Paragraph"), features=PARAGRAPH_FEATURES)
    quote = QuoteBlock()
    image = ImageBlock(template="cms_site/blocks/image.html")
    embed = EmbedBlock(label=_("Embed"), template="cms_site/blocks/embed.html")
    recommended = RecommendedBlock()
    onboarding = OnboardingBlock()
