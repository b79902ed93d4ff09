"""How amounts of money are marked: ISO 4217 codes, signs, and what people say."""

# ruff: noqa: RUF001 - words of many scripts

from sandbox.core.code_words import words

# ISO 4217, funds codes and metals included.
ISO_4217 = frozenset(
    code.upper()
    for code in words(
        "aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob bov brl bsd btn bwp byn bzd",
        "cad cdf che chf chw clf clp cny cop cou crc cuc cup cve czk djf dkk dop dzd egp ern etb eur fjd fkp gbp",
        "gel ghs gip gmd gnf gtq gyd hkd hnl hrk htg huf idr ils inr iqd irr isk jmd jod jpy kes kgs khr kmf kpw",
        "krw kwd kyd kzt lak lbp lkr lrd lsl lyd mad mdl mga mkd mmk mnt mop mru mur mvr mwk mxn mxv myr mzn nad",
        "ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sdg sek sgd shp sle",
        "sll sos srd ssp stn svc syp szl thb tjs tmt tnd top try ttd twd tzs uah ugx usd usn uyi uyu uyw uzs ved",
        "ves vnd vuv wst xaf xag xau xba xbb xbc xbd xcd xcg xdr xof xpd xpf xpt xsu xts xua xxx yer zar zmw zwg",
        "zwl",
    )
)
# Codes that are words too; they are money only in capitals.
ALSO_WORDS = words("all ang bob cad cup mad mop nad pab pen sos srd top try che lak")
ISO_WORDS = frozenset(code.lower() for code in ISO_4217) - ALSO_WORDS
MONEY_WORDS = words(
    "rs re rupee rupees lakh lakhs crore crores cr lac lacs dollar dollars euro euros eura evra pound pounds cent",
    "cents km kn kuna kune dinara din dinar dinars lev leva leke lek lekë lei leu zł zl złotych złote kč kc korun",
    "ft forint kr kronor kroner tl lira liras lari gel rub руб рублей рубля рубль р грн гривень гривні лв лева",
    "ден денари дин динара тг тенге сум сом манат reais real pesos peso soles franc francs fr chf dh dhs dirham",
    "dirhams riyal riyals rial rials sr bhd kd yen yuan rmb won baht đ đồng dong vnđ rp rupiah ringgit rm php",
    "taka tk naira ksh shillings birr dram ευρώ ლარი դրամ k bucks hrn mln mio million millionen millones thousand",
    "hundred bs bsf sek nok dkk रुपये रुपए रु टका টাকা ரூபாய் రూపాయలు રૂપિયા ਰੁਪਏ ریال درهم دينار جنيه ليرة تومان",
    "روپے שקלים שקל",
)
SIGNS = frozenset("$€£¥₾₹₽₺₴₸₼₪₩₫₦₱₲₡₵₮₭₨฿₿¢؋﷼元円")
