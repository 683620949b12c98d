"""What the rules know: word lists from `data/`, and the cues of each language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words in lower case, except for the names in `places`, `organizations` and `first_names`."""

    places: frozenset[str]
    organizations: frozenset[str]
    first_names: frozenset[str]
    common: frozenset[str]
    not_names: frozenset[str]
    acronyms: frozenset[str]
    titles: frozenset[str]
    roles: frozenset[str]
    speech: frozenset[str]
    organization_heads: frozenset[str]
    place_heads: frozenset[str]
    place_openers: frozenset[str]
    linkers: frozenset[str]
    particles: frozenset[str]
    in_place: frozenset[str]
    close_in_place: frozenset[str]
    articles: frozenset[str]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Nationalities, languages, faiths, weekdays and the like have capitals and are no names of anybody.
_NOT_NAMES = {
    "en": _words(
        """
        i i'm i'd i've i'll monday tuesday wednesday thursday friday saturday sunday january february march april
        may june july august september october november december christmas easter ramadan lent halloween
        african african-american american americans arab arabic asian australian australians austrian bavarian belgian
        brazilian breton british briton britons bulgarian byzantine californian canadian canadians catalan celtic chilean
        chinese colombian croatian cuban czech danish dane danes dutch egyptian egyptians english ethiopian european
        europeans filipino finn finnish finns flemish french frenchman gaelic german germanic germans ghanaian greek
        greeks hawaiian hebrew hungarian icelandic indian indians indonesian iranian iraqi irish israeli italian
        italians japanese jewish jews jew kenyan korean latin lebanese maori māori mexican moroccan nigerian nordic
        norman norwegian norwegians ottoman pakistani palestinian parisian persian peruvian polish pole poles
        polynesian portuguese prussian roman romanian romans russian russians sami sámi saxon scandinavian scots
        scottish senegalese serbian sicilian slavic slovak slovene soviet soviets spaniard spaniards spanish swede
        swedes swedish swiss syrian tamil thai tibetan tunisian turk turkish turks ukrainian victorian viennese
        vietnamese viking vikings welsh zulu londoner londoners parisians berliners inca incas maya mayan aztec
        buddhism buddhist catholic catholics christian christianity christians hindu islam islamic muslim muslims
        orthodox protestant quaker quakers bible koran god marxist communist communists nazi nazis jacobin
        gothic baroque renaissance enlightenment romanesque neolithic mesolithic palaeolithic georgian edwardian
        mr mrs ms dr bc ad bce ce am pm ok no. vol. fig. anglo austro franco internet web sun moon earth
        sunrise sunset north south east west northern southern eastern western middle ages
        """
    ),
    "fr": _words(
        """
        lundi mardi mercredi jeudi vendredi samedi dimanche janvier février mars avril mai juin juillet août septembre
        octobre novembre décembre noël pâques carême toussaint français française françaises anglais anglaise allemand
        allemande allemands italien italienne italiens espagnol espagnole espagnols portugais belge belges suisse suisses
        américain américaine américains européen européenne européens chinois chinoise japonais japonaise russe russes
        parisien parisienne parisiens parisiennes breton bretonne bretons lyonnais lillois londonien grec grecs romain
        romains arabe arabes africain africaine britannique britanniques néerlandais danois suédois norvégien finlandais
        viennois autrichien polonais hongrois turc turcs indien indiens canadien canadienne québécois nazi nazis juif
        juifs dieu bible coran terre lune soleil moyen âge renaissance lumières antiquité nord sud est ouest
        m. mme mlle mm. dr internet web état états
        """
    ),
}
_TITLES = {
    "en": _words(
        "mr mr. mrs mrs. ms ms. miss dr dr. prof prof. professor sir dame lord lady king queen prince princess pope"
        " president chancellor senator sen. governor gov. mayor rep. captain capt. colonel col. general gen. sergeant"
        " sgt. lieutenant lt. admiral major rev. reverend father sister bishop archbishop cardinal emperor empress"
        " duke duchess count countess baron baroness justice judge saint"
    ),
    "fr": _words(
        "m. mm. mme mlle dr pr monsieur madame mademoiselle maître docteur professeur professeure président présidente"
        " reine roi prince princesse pape général colonel capitaine amiral abbé cardinal empereur impératrice baron"
        " baronne comte comtesse duc duchesse saint sainte sir lord lady"
    ),
}
_ROLES = {
    "en": _words(
        """
        actor actress anthropologist archaeologist architect artist astronaut astronomer author baker banker biologist
        botanist botanists brewer broadcaster businessman businesswoman cartoonist cellist chef chemist choreographer
        climatologist climber co-founder colleague comedian composer conductor cosmonaut critic curator cyclist dancer
        designer developer diplomat director doctor ecologist economist editor engineer entrepreneur epidemiologist
        essayist explorer farmer film-maker filmmaker footballer founder friend gardener geneticist geographer geologist
        glaciologist guitarist hacker historian husband inventor investigator journalist lawyer linguist maintainer
        mathematician meteorologist minister model musician naturalist naturalists navigator neuroscientist neurologist
        novelist nurse nutritionist oceanographer ornithologist painter philanthropist philosopher photographer physician
        physicist physicists pianist pilot pioneer planner playwright poet politician postman printer producer
        programmer psychiatrist psychologist publisher researcher scholar scientist screenwriter sculptor secretary
        singer sociologist soldier soprano statistician student surgeon surveyor teacher technician theologian trumpeter
        urbanist veteran violinist virologist volunteer wife brother brothers son daughter writer zoologist
        """
    ),
    "fr": _words(
        """
        acteur actrice agronome ambassadeur anthropologue archéologue architecte artiste astronaute astronome auteur
        autrice biologiste botaniste boulanger boulangère chanteur chanteuse charpentier chef cheffe chercheur chercheuse
        chimiste chorégraphe cinéaste climatologue collègue comédien comédienne compositeur compositrice conservateur
        conservatrice dessinateur designer directeur directrice écologue économiste écrivain écrivaine épidémiologiste
        explorateur fondateur fondatrice généticien géographe géologue glaciologue historien historienne ingénieur
        ingénieure inventeur journaliste juge linguiste maire mathématicien mathématicienne médecin météorologue ministre
        musicien musicienne naturaliste neurologue neuroscientifique océanographe ornithologue paysagiste peintre
        philosophe photographe physicien physicienne pianiste pilote poète préhistorien psychiatre psychologue
        réalisateur réalisatrice romancier romancière sculpteur secrétaire sociologue spationaute urbaniste violoniste
        """
    ),
}
_SPEECH = {
    "en": _words(
        "said says told tells wrote writes argued argues explained explains added recalled recalls called calls"
        " believed believes thought insisted insists noted notes was is has had became who herself himself"
    ),
    "fr": _words(
        "dit explique écrit raconte affirme ajoute rappelle estime déclare confie note a est était fut lance imagine"
    ),
}
_ORGANIZATION_HEADS = {
    "en": _words(
        """
        academy administration agency airlines airways alliance archive archives army arsenal assembly association
        authority bank board bureau business cathedral center centre chamber church choir cinemas club co college
        commission committee community company confederation congress consortium cooperative co-operative corp corps
        corporation council court department directorate enterprises ensemble federation festival films force forum
        foundation fund galleries gallery gazette gmbh government group guild herald hospital inc industries initiative
        institute institution international investigations journal laboratories laboratory laboratories league library
        ltd magazine ministry mission motors movement museum museums nations navy network news newspaper observatory
        office opera orchestra organisation organization parliament partners partnership party philharmonic philosophical
        police post press program programme project publishing quartet railway railways records register school
        seminary senate service services society studio studios symphony syndicate systems technologies telegraph
        theatre theater times tribunal tribune trust union university works workshop
        """
    ),
    "fr": _words(
        """
        académie agence alliance archives armée assemblée association atelier ateliers autorité banque bibliothèque bureau
        caisse centre chambre cinémathèque club collectif collège comité commission compagnie confédération congrès
        conseil conservatoire cour département direction école ensemble entreprise fédération festival fondation forum
        groupe hôpital institut laboratoire ligue médiathèque ministère mission mouvement muséum musée observatoire office
        opéra orchestre organisation parlement parti philharmonie société studio studios syndicat théâtre tribunal union
        université
        """
    ),
}
_PLACE_HEADS = {
    "en": _words(
        """
        abbey airport archipelago avenue basin bay beach boulevard bridge canal canyon cape castle cave caves channel
        city cliff coast common county cove crater creek delta desert district dunes estate falls fell fens field fjord
        forest gardens gate glacier glen green gulf harbor harbour heath highlands hill hills hotel house island islands isle
        isles junction lagoon lake lane lakes lowlands marsh marshes moor moors mountain mountains museumsinsel ocean palace
        park passage peak peninsula pier plain plains plateau plaza point pole pond port prison province quarter range ravine
        reef region reserve reservoir ridge river road rock sea sound spring springs square station steppe strait street
        terminus territory tower towers town trail tunnel valley village volcano walk wall wetland wetlands wharf wood
        woods zoo
        """
    ),
    "fr": _words(
        """
        abbaye aéroport allée archipel avenue baie boulevard bois cap canal cathédrale château col collines côte delta
        désert détroit estuaire faubourg fleuve forêt gare glacier golfe gorges grotte île îles jardin jardins lac
        mer mont montagne parc pays péninsule place plage plaine plateau pointe pont port porte presqu'île province quai
        quartier région rivière rue tour val vallée ville viaduc
        """
    ),
}
_PLACE_OPENERS = {
    "en": _words(
        "lake mount mt mt. river cape port fort isle gulf bay strait san santa santo são sant saint st st. los las el new"
        " greater upper lower inner outer"
    ),
    "fr": _words("lac mont cap port fort île golfe baie san santa saint sainte los las el nouvelle grand haute basse"),
}
# Capitals that name a thing, an idea or a unit, but no organisation.
_ACRONYMS = _words(
    """
    ai api apis app atm b2b bbq bmi bpm cad cctv cd cds ceo cfo cgi cia-style cms co2 cpu css csv ct cto cv cve cx ddos dj
    diy dna dns dvd ebook ecg eeg etf faq fm gdp gdpr gif gis gmo gmt gnp gnss gp gpl gpr gps gpt gpu gui hd hdmi hiv
    hiv/aids hr html http https icu id ids ii iii iot ip ipa iq isbn iso it iv ivf ix jpeg jpg js json kg km kpi lcd
    led leds lgbt lgbtq lidar ll llm llms lp mac mba mp mps mp3 mph mri mrna ms mvp ngo ngos no ocr ok ole oled os
    pc pcr pcs pdf pdfs phd pin pm pr ptsd qa qr radar ram rem rest rgb rna roi rss saas sars sd sdk seo sim sms sos
    sql ssd ssh ssl std tb tgv tls tv tvs ui uhf uk-based url urls usb utc uv ux vat vi vii viii vip vpn vr wcag wifi
    wi-fi wwi wwii www xi xii xiii xiv xv xvi xvii xviii xix xx xxi xml yaml zip adn arn bd dvd hlm ia ogm pib
    pme rer sida tva vtt ovni ecmo crispr eniac hbm rov seti cop cop21 cop26 cop28 ter plu cdi cdd smic
    """
)
_LINKERS = {"en": _words("of"), "fr": _words("de du des d' d’ de")}
_PARTICLES = _words("de da di del della der den des du la le van von zu af av bin ibn ben al el y dos das do ten ter")
_IN_PLACE = {
    "en": _words("in at near from outside around across beyond between into toward towards via"),
    "fr": _words("à en au aux vers chez depuis près"),
}
# After these, a name that we know nothing else about is a place more often than not.
_CLOSE_IN_PLACE = {"en": _words("in near outside"), "fr": _words("à en")}
_ARTICLES = {
    "en": _words("the a an this that its their our his her"),
    "fr": _words("le la les l' l’ un une du des au aux ce cette"),
}


@lru_cache(maxsize=16)
def lexicon(language: str) -> Lexicon:
    """The words for a language ("fr", "pt-br"). One we have no cues for gets the names and the shared cues."""
    code = language.split("-")[0]
    places, organizations = _read("places.txt"), _read("organisations.txt")
    return Lexicon(
        places=places,
        organizations=organizations,
        first_names=_read("first_names.txt"),
        common=_read(f"common_{code}.txt") if code in _NOT_NAMES else frozenset(),
        not_names=_all(_NOT_NAMES, code),
        acronyms=_ACRONYMS,
        titles=_all(_TITLES, code),
        roles=_all(_ROLES, code),
        speech=_SPEECH.get(code, frozenset()),
        organization_heads=_all(_ORGANIZATION_HEADS, code),
        place_heads=_all(_PLACE_HEADS, code),
        place_openers=_all(_PLACE_OPENERS, code),
        linkers=_all(_LINKERS, code),
        particles=_PARTICLES,
        in_place=_IN_PLACE.get(code, frozenset()),
        close_in_place=_CLOSE_IN_PLACE.get(code, frozenset()),
        articles=_all(_ARTICLES, code),
    )


def _all(table: dict[str, frozenset[str]], code: str) -> frozenset[str]:
    """The language's own words; English ones beside them, since English names travel."""
    return table.get(code, frozenset()) | table["en"]


def _read(name: str) -> frozenset[str]:
    text = files(__package__).joinpath("data", name).read_text(encoding="utf-8")
    return frozenset(_lines(text.splitlines()))


def _lines(lines: Iterable[str]) -> Iterable[str]:
    return (line.strip() for line in lines if line.strip())
