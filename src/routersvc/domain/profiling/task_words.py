"""Request words by task, in more than fifteen languages.

Languages with spaces and few endings are looked up word by word. Where endings or the lack of
spaces hide a word, its beginning is looked for inside of the text; such a stem is only looked for
where its script occurs. A weight says how surely a word means its task when it stands where
requests begin or end.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.profiling.writing_systems import WritingSystem

_SURE = 2.4
_LIKELY = 1.4
_HINT = 0.7

_WORDS: tuple[tuple[Task, float, str], ...] = (
    (
        Task.TRANSLATION,
        _SURE,
        """translate translation translated translating übersetze übersetzen übersetzung übersetzt
        traduis traduire traduisez traduction traduce traducir traduzca traducción tradúceme
        traduza traduzir tradução traduz traduci tradurre traduzione traduca vertaal vertalen
        vertaling przetłumacz tłumaczenie przetłumaczyć çevir çeviri çevirin tercüme çevirir
        översätt oversæt oversett käännä přelož preložte fordítsd traduceți terjemahkan dịch""",
    ),
    (
        Task.SUMMARISATION,
        _SURE,
        """summarize summarise summary summaries summarizing tldr zusammenfassen
        zusammenfassung résume résumé résumer résumez synthétise resume resumir resumen
        resúmeme resuma resumo resumir riassumi riassumere riassunto riassuma samenvatten
        samenvatting streść podsumuj streszczenie podsumowanie özetle özet özetler
        sammanfatta sammenfat oppsummer tiivistä shrň összefoglal rezumă ringkas""",
    ),
    (
        Task.SUMMARISATION,
        _LIKELY,
        """shorten condense abridge kürze raccourcis condensa acorta accorcia inkorten skróć
        kısalt takeaways outline""",
    ),
    (
        Task.EXTRACTION,
        _SURE,
        """extract extraction extrahiere extrahieren extrais extraire extrayez extrae extraer
        extraiga extraia extrair estrai estrarre extraheer extraheren wyodrębnij wyciągnij
        ayıkla çıkar parse annotate""",
    ),
    (
        Task.EXTRACTION,
        _LIKELY,
        """classify categorize categorise tag tags tagging label entities entity keywords
        klassifiziere kategorisiere classifie clasifica classifica classificeer sklasyfikuj
        sınıflandır identify sentiment csv json xml disposition""",
    ),
    (
        Task.CODE,
        _SURE,
        """python javascript typescript java kotlin golang rust c++ c# php ruby swift scala perl
        haskell sql postgresql mysql sqlite html css react angular vue django flask laravel
        symfony nodejs docker dockerfile kubernetes bash powershell regex vba matlab
        pandas numpy pytorch tensorflow jquery nextjs graphql webpack typeorm prisma
        verilog systemverilog vhdl cuda asyncio nix nixos terraform ansible refactor debug
        compiler traceback stacktrace codebase ffmpeg matplotlib streamlit tkinter gradio
        selenium git cron hlsl wpf xaml odoo spark roblox lua""",
    ),
    (
        Task.CODE,
        _LIKELY,
        """code coding codes script function functions program programming programmieren
        programm funktion algorithm algorithmus algorithme algoritmo algoritme algorytm
        programme fonction código función programa função codice funzione programma programmeer
        functie kod kodu funkcja funkcję fonksiyon bug compile implement implementation api
        endpoint class method query table database unittest pytest component plugin repository
        shader backend frontend server cli linux ubuntu ssh array struct async bot app""",
    ),
    (
        Task.CODE,
        _HINT,
        """error exception loop string variable parameter parameters return returns install
        config yaml http browser framework library file""",
    ),
    (
        Task.MATHS,
        _SURE,
        """integral derivative equation equations theorem polynomial eigenvalue matrix
        determinant probability triangle integer integers perpendicular hypotenuse logarithm
        gleichung ableitung wahrscheinlichkeit dreieck équation dérivée intégrale probabilité
        ecuación derivada probabilidad equação probabilidade equazione derivata probabilità
        vergelijking afgeleide waarschijnlijkheid równanie pochodna prawdopodobieństwo denklem
        türev olasılık sqrt modulo divisible coefficients cosine algebra calculus""",
    ),
    (
        Task.MATHS,
        _LIKELY,
        """calculate compute solve sum product percent percentage fraction average ratio math
        maths mathematics arithmetic berechne berechnen löse prozent calcule calculer résous
        pourcentage calcula calcular resuelve porcentaje calcule resolva calcola risolvi bereken
        oblicz rozwiąż hesapla çöz yüzde simplify squared circle radius perimeter""",
    ),
    (
        Task.MATHS,
        _HINT,
        """total many much cost costs sold buys bought earn earns twice half times each remaining
        number numbers positive real evaluate""",
    ),
    (
        Task.REASONING,
        _SURE,
        """puzzle puzzles riddle clue clues deduce logic logical logically syllogism rätsel
        logisch énigme logique acertijo lógica enigma indovinello
        logica raadsel zagadka logicznie bilmece mantık""",
    ),
    (
        Task.REASONING,
        _LIKELY,
        """reason reasoning infer therefore prove proof analyze analyse evaluate begründe
        schlussfolgere beweise raisonne démontre prouve razona demuestra raciocine prove
        ragiona dimostra redeneer bewijs uzasadnij udowodnij açıkla kanıtla hypothesis
        assumption contradiction implies chess determine""",
    ),
    (
        Task.REASONING,
        _HINT,
        """velocity acceleration momentum energy electron voltage circuit pressure temperature
        reaction reactions compound compounds molecule molecular enthalpy equilibrium solution
        wavelength frequency magnetic gas acid species gene protein particle mass heat
        efficiency""",
    ),
    (
        Task.CREATIVE,
        _SURE,
        """poem poems story stories novel haiku lyrics screenplay sonnet limerick fanfiction
        gedicht geschichte märchen poème histoire conte nouvelle poema cuento historia novela
        conto poesia racconto storia verhaal gedichten wiersz opowiadanie bajkę şiir hikaye öykü
        masal slogan roleplay rpg melody satire""",
    ),
    (
        Task.CREATIVE,
        _LIKELY,
        """imagine creative invent compose brainstorm character characters dialogue fiction
        essay blog speech song erfinde stell imagine invente inventa imagina immagina verzin
        bedenk wymyśl hayal joke rap tale scene plot""",
    ),
    (
        Task.CREATIVE,
        _HINT,
        "write schreibe schreib écris escribe escreva scrivi schrijf napisz yaz",
    ),
    (
        Task.CHAT,
        _HINT,
        """hello hi hey thanks hallo danke bonjour salut merci hola gracias olá obrigado ciao
        grazie hoi bedankt cześć dzięki merhaba selam""",
    ),
    (Task.CHAT, _HINT, "who where when recommend advice tips opinion explain"),
)

_STEMS: tuple[tuple[WritingSystem, Task, float, str], ...] = (
    (WritingSystem.CYRILLIC, Task.TRANSLATION, _SURE, "переве перевод переклад переведи"),
    (
        WritingSystem.CYRILLIC,
        Task.SUMMARISATION,
        _SURE,
        "кратко резюмир обобщи суммир стисло підсум",
    ),
    (WritingSystem.CYRILLIC, Task.EXTRACTION, _SURE, "извлек витягн классифицир выдели"),
    (WritingSystem.CYRILLIC, Task.CODE, _LIKELY, "код функци программ скрипт алгоритм класс"),
    (
        WritingSystem.CYRILLIC,
        Task.MATHS,
        _LIKELY,
        "вычисл уравнен реши сколько вероятност интеграл",
    ),
    (
        WritingSystem.CYRILLIC,
        Task.REASONING,
        _LIKELY,
        "докажи логическ загадк рассужд обоснуй почему",
    ),
    (WritingSystem.CYRILLIC, Task.CREATIVE, _SURE, "стихотвор рассказ сказк придумай сочини вірш"),
    (WritingSystem.CYRILLIC, Task.CHAT, _LIKELY, "привет спасибо здравствуй"),
    (WritingSystem.ARABIC, Task.TRANSLATION, _SURE, "ترجم الترجمة ترجمة"),
    (WritingSystem.ARABIC, Task.SUMMARISATION, _SURE, "لخص لخّص تلخيص ملخص"),
    (WritingSystem.ARABIC, Task.EXTRACTION, _SURE, "استخرج استخراج صنف"),
    (WritingSystem.ARABIC, Task.CODE, _LIKELY, "كود برنامج دالة برمج خوارزمية"),
    (WritingSystem.ARABIC, Task.MATHS, _LIKELY, "احسب معادلة كم حل تكامل احتمال"),
    (WritingSystem.ARABIC, Task.REASONING, _LIKELY, "لغز استنتج منطق أثبت لماذا"),
    (WritingSystem.ARABIC, Task.CREATIVE, _SURE, "قصيدة قصة حكاية شعر"),
    (WritingSystem.ARABIC, Task.CHAT, _LIKELY, "مرحبا شكرا السلام"),
    (WritingSystem.INDIC, Task.TRANSLATION, _SURE, "अनुवाद"),
    (WritingSystem.INDIC, Task.SUMMARISATION, _SURE, "सारांश संक्षेप संक्षिप्त"),
    (WritingSystem.INDIC, Task.EXTRACTION, _SURE, "निकाल वर्गीकृत"),
    (WritingSystem.INDIC, Task.CODE, _LIKELY, "कोड फ़ंक्शन फंक्शन प्रोग्राम"),
    (WritingSystem.INDIC, Task.MATHS, _LIKELY, "समीकरण गणना हल कितने कितना प्रायिकता"),
    (WritingSystem.INDIC, Task.REASONING, _LIKELY, "पहेली तर्क सिद्ध क्यों"),
    (WritingSystem.INDIC, Task.CREATIVE, _SURE, "कविता कहानी"),
    (WritingSystem.INDIC, Task.CHAT, _LIKELY, "नमस्ते धन्यवाद"),
    (WritingSystem.HAN, Task.TRANSLATION, _SURE, "翻译 翻譯 译成 翻訳 訳して"),
    (WritingSystem.HAN, Task.SUMMARISATION, _SURE, "总结 總結 摘要 概括 要約 まとめ"),
    (WritingSystem.HAN, Task.EXTRACTION, _SURE, "提取 抽取 抽出 分类 分類"),
    (WritingSystem.HAN, Task.CODE, _LIKELY, "代码 程式 函数 函數 编程 算法 脚本 関数 実装"),
    (WritingSystem.HAN, Task.MATHS, _LIKELY, "计算 計算 方程 求解 概率 积分 多少 確率 積分 解いて"),
    (
        WritingSystem.HAN,
        Task.REASONING,
        _LIKELY,
        "推理 证明 證明 逻辑 谜题 为什么 証明 論理 推論 理由",
    ),
    (
        WritingSystem.HAN,
        Task.CREATIVE,
        _SURE,
        "写诗 写一首 首诗 故事 小说 小說 詩を 物語 小説 創作",
    ),
    (WritingSystem.HAN, Task.CHAT, _LIKELY, "你好 谢谢"),
    (WritingSystem.KANA, Task.TRANSLATION, _SURE, "翻訳 訳して"),
    (WritingSystem.KANA, Task.SUMMARISATION, _SURE, "要約 まとめ"),
    (WritingSystem.KANA, Task.EXTRACTION, _SURE, "抽出 抜き出"),
    (WritingSystem.KANA, Task.CODE, _LIKELY, "コード 関数 プログラム スクリプト アルゴリズム"),
    (WritingSystem.KANA, Task.MATHS, _LIKELY, "計算 方程式 いくつ いくら 何個"),
    (WritingSystem.KANA, Task.REASONING, _LIKELY, "証明 論理 パズル なぜ 推論"),
    (WritingSystem.KANA, Task.CREATIVE, _SURE, "俳句 物語 詩を 小説 ストーリー"),
    (WritingSystem.KANA, Task.CHAT, _LIKELY, "こんにちは ありがとう"),
    (WritingSystem.HANGUL, Task.TRANSLATION, _SURE, "번역"),
    (WritingSystem.HANGUL, Task.SUMMARISATION, _SURE, "요약 간추"),
    (WritingSystem.HANGUL, Task.EXTRACTION, _SURE, "추출 분류"),
    (WritingSystem.HANGUL, Task.CODE, _LIKELY, "코드 함수 프로그램 알고리즘 스크립트"),
    (WritingSystem.HANGUL, Task.MATHS, _LIKELY, "계산 방정식 확률 적분 몇 얼마"),
    (WritingSystem.HANGUL, Task.REASONING, _LIKELY, "추론 증명 논리 퍼즐 왜"),
    (WritingSystem.HANGUL, Task.CREATIVE, _SURE, "이야기 소설 시를 동화"),
    (WritingSystem.HANGUL, Task.CHAT, _LIKELY, "안녕 감사"),
)


def _by_word() -> dict[str, tuple[tuple[Task, float], ...]]:
    table: dict[str, tuple[tuple[Task, float], ...]] = {}
    for task, weight, words in _WORDS:
        for word in words.split():
            known = table.get(word, ())
            if task not in {other for other, _ in known}:
                table[word] = (*known, (task, weight))
    return table


def _by_script() -> dict[WritingSystem, tuple[tuple[str, Task, float], ...]]:
    table: dict[WritingSystem, tuple[tuple[str, Task, float], ...]] = {}
    for script, task, weight, stems in _STEMS:
        table[script] = (*table.get(script, ()), *((stem, task, weight) for stem in stems.split()))
    return table


WORDS: Mapping[str, tuple[tuple[Task, float], ...]] = MappingProxyType(_by_word())
"""Tasks with weights by word."""

STEMS: Mapping[WritingSystem, tuple[tuple[str, Task, float], ...]] = MappingProxyType(_by_script())
"""Stems to find in a text of a writing system."""

MAKING = frozenset(
    """write create implement build make fix debug generate develop add refactor schreibe
    schreib erstelle implementiere écris crée implémente escribe crea implementa escreva
    crie scrivi schrijf maak napisz stwórz zaimplementuj yaz oluştur напиши создай
    реализуй""".split()
)
"""Verbs that request code together with a noun for code."""

CODE_THINGS = frozenset(
    """function functions script program code class query component plugin module testbench
    test tests regex api app application website bot method macro shader dockerfile
    funktion programm skript klasse fonction programme función programa código clase
    função classe funzione programma codice functie klas funkcję skrypt klasę kod
    fonksiyon sınıf функцию скрипт код программу класс""".split()
)
"""Nouns for code."""

QUANTITY_QUESTIONS = (
    "how many",
    "how much",
    "how long",
    "how old",
    "how far",
    "how fast",
    "what is the total",
    "find the",
    "wie viele",
    "wie viel",
    "combien",
    "cuánto",
    "cuánta",
    "quanto",
    "quanti",
    "hoeveel",
    "ile ",
    "kaç ",
    "сколько",
    "多少",
    "いくつ",
    "몇",
    "कितन",
    "كم ",
)
"""Questions for a number; with numbers in the text, it is a word problem."""

THINKING = frozenset(
    """prove derive optimize optimise design architecture analyze analyse compare evaluate
    critique strategy tradeoff tradeoffs why justify rigorous proof comprehensive
    detailed implement refactor debug explain theorem complexity distributed concurrent
    asynchronous simulate estimate diagnose differential quantum advanced expert beweise
    entwirf analysiere vergleiche warum démontre conçois analyse compare pourquoi
    demuestra diseña analiza compara projete analise compare dimostra progetta analizza
    confronta bewijs ontwerp analyseer vergelijk waarom udowodnij zaprojektuj
    przeanalizuj porównaj kanıtla tasarla karşılaştır докажи спроектируй проанализируй
    сравни почему обоснуй""".split()
)
"""Words of tasks that require thought."""

CONDITIONS = frozenset(
    """must should without only except unless least most exactly if when given assume
    suppose constraint constraints requirement requirements ensure avoid every each
    between either neither muss ohne nur mindestens höchstens genau wenn falls
    angenommen doit sans seulement moins exactement si supposons debe sin solo menos
    exactamente suponga deve sem apenas menos exatamente senza soltanto almeno
    esattamente moet zonder alleen minstens musi bez tylko jeśli eğer sadece olmadan
    должен без только если ровно""".split()
)
"""Words that state conditions on the answer."""
