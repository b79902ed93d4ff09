"""The words that distinguish a one-time code from other numbers, in many languages.

Words are compared in folded form (`fold`): lower case, without accents on Latin, Greek and Cyrillic letters, digits and
full-width letters as ASCII. The tables are folded when they are loaded.
"""

# ruff: noqa: RUF001 - words of many scripts

import re
from collections.abc import Iterable
from unicodedata import category, digit, normalize

ACCENTED = range(0x80, 0x2000)  # ends before Hangul, which would decompose too
FULL_WIDTH = range(0xFF01, 0xFF5F)
FOLDINGS_KEPT = 10_000  # maximum number of characters in the cache
FOLDED_LETTERS = {"đ": "d", "ł": "l", "ø": "o", "ß": "s", "ı": "i", "ё": "е"}


class Folding(dict[int, str]):
    """A cache of folded characters; each folds to one character, so that offsets stay the same."""

    def __missing__(self, key: int) -> str:
        """Return the folded form of a character."""
        folded = _fold_character(chr(key))
        if len(self) < FOLDINGS_KEPT:
            self[key] = folded
        return folded


def _fold_character(character: str) -> str:
    number = digit(character, None)
    if number is not None and character.isdecimal():
        return str(number)
    code, kind = ord(character), category(character)
    if code in FULL_WIDTH and character.isalnum():
        return chr(code - 0xFEE0).lower()
    if kind == "Pd":
        return "-"
    if kind in {"Zs", "Cf"}:
        return " "
    lower = character.lower()[0]
    return FOLDED_LETTERS.get(lower) or (normalize("NFD", lower)[0] if code in ACCENTED else lower)


FOLDING = Folding()
KEYCAP, VARIATION = "\u20e3", "\ufe0f"  # they follow a digit to frame it as a key


def fold(text: str) -> str:
    """Return the folded form of a text, of the same length."""
    return text.lower() if text.isascii() else text.translate(FOLDING)


def unframe_keycaps(text: str) -> str:
    """Return a text with plain digits instead of keycaps."""
    return text.replace(KEYCAP, "").replace(VARIATION, "") if KEYCAP in text else text


def fold_words(*lines: str) -> frozenset[str]:
    """Return the folded words of some lines."""
    return frozenset(word for line in lines for word in fold(line).split())


def group_by_beginning(stems: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return stems by their first two characters, so that a word is compared with few stems."""
    found: dict[str, tuple[str, ...]] = {}
    for stem in sorted(stems):
        found[stem[:2]] = (*found.get(stem[:2], ()), stem)
    return found


# Words for a code.
CODE_WORDS = fold_words(
    "msimbo šifra šifru šifre şifrə zaporka zaporku parool salasõna contrasinal contrasenya kodea kóði kóðinn cód",
    "clé nip chave clau tac parol wagwoord ikhodi koodka құпиясөз рамз нууц code codes otp otps pin pins",
    "uthibitisho kertakäyttösalasana staðfestingarkóði staðfestingarkóðinn öryggiskóði öryggiskóðinn kodiċi",
    "koodhka koodhkaaga ኮድዎ ኮድህ ኮድሽ tabbatarwa sirrinka kóòdù ìjẹ́rìísí ìdánilójú",
    "smstan pushtan chiptan itan phototan mobiletan mobiltan qrtan apptan mtoken etoken tokencode",
    "passcode passcodes password token 2fa mfa totp verification authentication",
    "codigo codigos clave contraseña senha verificacion verificação código codice codici codi cod codul codului",
    "parola parolă passe kennwort passwort einmalpasswort bestätigung verifizierung wachtwoord verificatie kod",
    "koda kodu kodom kode koden kodet kodes koder kodun kodunuz kodunuzu kodunu kodunuzdur kodumuz kodi kodin",
    "kods kodas kodo kodą kodul kodini kodingiz kodit lozinka lozinku lozinke geslo heslo hesla hasło hasła kód",
    "kódu kódja kódod kódot kódom kódját kóda jelszó jelszava şifre şifreniz şifresi şifrenizi adgangskode",
    "lösenord salasana tunnusluku tunnuslukusi tunnuslukunne koodi koodisi koodin koodinne kood koodiga",
    "slaptažodis parole paroli smskod smskode mtan fjalëkalimi fjalekalimi sandi verifikasi verifikacija pinkod",
    "pinkode pincode pinkodu cvc код кода кодом коду кодът пароль пароля пин пін парола паролата лозинка шифра",
    "құпиясөз кодыңыз коды кодунуз κωδικός κωδικό κωδικού συνθηματικό կոդ կոդը կոդն գաղտնաբառ გაღტნაბარი ኮድ",
)
# Stems of words for a code in languages with endings.
CODE_WORD_STEMS = group_by_beginning(
    fold_words(
        "verifikac verificac verifizier vahvistuskood kinnituskood bestätigungscod sicherheitscod zugangscod",
        "einmalcod კოდ პაროლ პინ კოდი कोड ओटीपी पासवर्ड पिन सांकेतांक संकेतांक কোড ওটিপি পিন পাসওয়ার্ড குறியீ",
        "ஓடிபி கடவுச்சொ కోడ్ ఓటీపీ పిన్ ಕೋಡ್ ಒಟಿಪಿ കോഡ് ഒടിപി કોડ ઓટીપી પિન ਕੋਡ ਓਟੀਪੀ ਪਿੰਨ කේත කේතය կոդ",
    )
)
# Ends of compounds that mean a code, in German, Dutch, Finnish and Scandinavian languages.
CODE_WORD_ENDINGS = ("code", "codes", "kode", "koden", "kod", "koodi", "koodisi", "kood", "passwort")
# Words for a code in scripts without spaces between words, or with prefixes.
UNSPACED_CODE_WORDS = re.compile(
    "验证码|驗證碼|校验码|校驗碼|动态码|動態碼|动态密码|動態密碼|认证码|認證碼|確認碼|确认码|验证代码"
    "|驗證代碼|密码|密碼|口令|识别码|安全码|安全碼"
    "|随机码|取件码|取货码|提货码|登录码"
    "|(?<!バー)(?<!QR)(?<!クーポン)(?<!レ)コード|認証番号|確認番号|暗証番号|パスワード|ワンタイム"
    "|인증번호|확인번호|비밀번호|승인번호|인증|(?<!바)(?<!레)코드"
    "|รหัส(?!ไปรษณีย์|สินค้า|ส่วนลด|ประเทศ)|พิน|โอทีพี|ລະຫັດ|លេខកូដ|កូដ|ကုဒ်|ကုတ်"
    r"|\b(?:وال|بال|ال|لل|و|ب|ل|ف)?(?:رمز|كود|سری)|المرور|\bکد(?!ا)|گذرواژه|کوڈ|کوډ|کۆد|او ٹی پی|پاسورڈ"
    r"|\b[הבלכמשו]{0,2}(?:קוד(?!ם)|סיסמ)",
)
FIRST_UNSPACED = "\u0590"  # the first character of these scripts
# Pairs of words that mean a code.
CODE_WORD_PAIRS = frozenset(
    {("time", "pass"), ("kata", "sandi"), ("mat", "khau"), ("ma", "xac"), ("ma", "otp"), ("ma", "kich"), ("ma", "bao")}
    | {("құпия", "сөз"), ("security", "number"), ("ma", "pin"), ("ya", "siri"), ("kata", "laluan")}
    | {("do", "chod"), ("an", "chod"), ("lambar", "sirri")}
)
# Words that point to a code only if the number itself is to be entered.
LOGIN_WORDS = fold_words(
    "verify verifying validate validar valider acceder connecter einloggen confirm confirming login",
    "signin approve authenticate activate register unlock authorise authorize",
    "access verifica verificar confirmar confirmer vérifier bestätigen anmelden potvrdite prijavu войти входа",
    "подтверждения вход potwierdź zaloguj giriş",
)
LOGIN_PAIRS = frozenset({("sign", "in"), ("log", "in"), ("sign", "up"), ("log", "on")})
# What a single word may be; the second words of pairs need a closer look.
CODE_WORD_KINDS = {
    **dict.fromkeys([second for _, second in CODE_WORD_PAIRS | LOGIN_PAIRS] + ["tan"], "pair"),
    **dict.fromkeys(LOGIN_WORDS, "weak"),
    **dict.fromkeys(CODE_WORDS, "strong"),
}
# Words beside `code` that mean another kind: of a discount, a place, a product.
OTHER_CODES = fold_words(
    "promo promotion promotional discount coupon voucher zip postal post area country city dial bar qr tracking",
    "product error dress referral invite swift ifsc sort branch offer gift sale item color colour style source",
    "building reward pnr booking reservation room class meeting course party event flight airport airline station",
    "store dealer agent hsn sac mcc employee student partner affiliate creator campaign promocional descuento desconto",
    "sconto promozionale rabatowy promocyjny pocztowy popust",
    "promotivni poštanski réduction réductions indirim posta промо rabatt gutschein korting slevový slevovy",
    "kedvezmény reducere",
)
# Words for a code of any kind; in a sentence about a discount they mean a promotional code,
PLAIN_CODES = fold_words(
    "code codes codigo codigos código códigos codice codici codi cod codul kod koda kodu kode koden koder kodi kodo",
    "kód kódot koodi koodin kood код кода кодом κωδικός κωδικό",
)
# unless one of these comes before them.
SECURITY = fold_words(
    "security verification authentication authorization authorisation login access confirmation activation"
)
SECURITY |= fold_words("time sms otp pin sicherheits verificacion verificação подтверждения безопасности")
DISCOUNT = re.compile(
    r"(?:[\d%$€£₹]|\b(?:percent|half|money|usd|eur|rs)) ?off\b"
    r"|(?<!log )(?<!sign )(?<!turn )(?<!switch )\boff (?:your|on|all|any|the|everything)\b"
    r"|\b(?:discount|rabat|nachlass|descuento|desconto|sconto|reduction|korting|popust|indirim|kedvezmeny|slev[auo]"
    r"|reducere|alennu|скидк|знижк|отстъпка|εκπτωση)|(?P<checkout>\b(?:at|during) (?:the |your )?checkout\b)"
)
OTHER_COMPOUNDS = (
    *("bar", "zip", "post", "qr", "promo", "coupon", "voucher", "rabat", "gutschein", "discount", "kupon", "vorteils"),
    *("aktions", "korting", "source", "area", "region", "product", "country", "kampanj"),
)
NOT_CODE_WORDS = frozenset({"decode", "encode", "unicode"})
# Words after `code` that mean another kind.
OTHER_CODES_AFTER = fold_words(
    "promo promocional promotionnel promozionale postal postale rabatowy promocyjny pocztowy descuento desconto",
    "sconto postnr poste reduction réduction barras barre",
)
# Words that may come between a word for a code and the code.
CONNECTIVES = fold_words(
    "is are as now here the a your this below follows following reads equals will be number no nr je jest to es",
    "está é e è est sera ist lautet sind är er on olet dir eshte është este hier isto adalah ialah la là ni ya",
    "sua seu su tu votre vostro il el o это есть ваш си є το είναι եւ է है এই হল হলো ஆகும் ఉంది ಇದೆ",
    "waa huwa ce shine þinn tiegħek yako ná rẹ",
    "ആണ് છે ਹੈ ہے هو هي است הוא היא הינו ነው არის",
)
CONNECTIVES |= fold_words(
    "de da di do recogida retirada retiro recojo entrega acceso acesso seguridad segurança ritiro pacco retrait"
)
EQUALS = fold_words(
    "is je jest to es está é è est ist lautet är er on dir este adalah là є это είναι أهو هو هي است ہے हैं है הוא",
    "הינו არის է lauten será sera nustatytas yra ir vagyok e как as are for como como: comme als kao jako",
)
# Characters between a word and a number in scripts without spaces.
JOINTS = "为為是は가는은이คือเป็น"
JOINT_CHARACTERS = frozenset("为為是は는은이")
AROUND_NUMBER = " \n*_([<「【『《“\"'#"
COLONS = (":", "：")
AROUND_END = "*_])>】'\""
AROUND = f"{AROUND_NUMBER}:：=-.,>)]」】』》”"
# Verbs for entering a code.
ENTER = fold_words(
    "use enter type input using with key submit apply provide insert utilisez saisissez entrez usa usá utiliza",
    "ingresa ingrese introduce introduzca digite insira informe inserisci inserire utilizza unesite upišite",
    "koristite iskoristite ukucajte wpisz użyj podaj zadejte zadajte použijte girin nutze nutzen verwenden geben",
    "gib gebruik voer använd ange brug bruk indtast syötä käytä adja írja introduceti folosiți введите",
    "используйте укажите введіть въведете gunakan masukkan nhập nhap dùng شماره أدخل ادخل",
)
NEGATIONS = fold_words(
    "not never don dont no nobody nikad nikada ne nemojte nunca jamais pas nie niemals nicht keine não non mai",
    "niet nooit ikke aldrig inte älä ei neodesílejte nikdy nedávejte asla kimseyle никому не ніколи ніхто jangan",
    "đừng không لا כל אל μην ποτέ कभी न नहीं",
)
UNSPACED_NEGATIONS = ("勿", "不要", "请勿", "切勿", "別", "しないで", "教えない", "ห้าม", "อย่า", "마세요", "말고")
# Words that name the number right after them as something else.
LABELS = fold_words(
    "account acct acc ac iban card cards visa mastercard ref reference refno order orders ordernr invoice inv",
    "bill balance bal avl avbl txn transaction transactions trx tran tx rrn utr ticket booking pnr reservation",
    "flight train seat room gate table tracking shipment parcel awb package policy loan case claim contract",
    "document passport aadhaar pan customer client user member student employee id uid userid userno crn cif",
    "folio sku serial model version build branch ending ends last registration vehicle plate lot batch po rma",
    "receipt voucher coupon promo item product meter unit zip postal postcode pincode plot flat house street road",
    "suite box floor block sector ward gst vat tax tin siret amount sum total price pay paid payment credit",
    "credited debit debited limit due fee charge points miles",
    # phones
    "call tel telephone phone mobile mob mobil cell whatsapp fax dial helpline hotline helpdesk tollfree telefon",
    "telefono téléphone telefone celular móvil pozovite pozvati nazovite anrufen rufen llame llama appelez chiama",
    "zadzwoń ligue ara arayın arayin bel ring soita hívja sunați звоните тел телефон телефону зателефонуйте",
    "позвонете καλέστε τηλ hubungi gọi shortcode 短信 拨打 致电 电话 電話",
    # account, card, order, reference, balance in other languages
    "račun računa računu racunu konto konta kontonummer kontonr rekening rekeningnummer compte cuenta conta conto",
    "cont hesap hesabınız számla számlaszám tili tilinumero účet účtu llogari счет счёт счета счёта рахунок",
    "сметка сметки λογαριασμός kartica kartice karticu karticom karte kartu karta kartą karty kartı kartınız",
    "kártya kort kortet kortti tarjeta cartão carta carte card cardul картой карты карта карте карту карткою",
    "картка картки κάρτα κάρτας कार्ड खाता खाते narudžba narudžbe narudžbu narudžbina porudžbina porudžbine",
    "bestellung bestellnummer auftrag commande pedido encomenda ordine comanda comenzii zamówienie zamówienia",
    "objednávka objednávky sipariş siparişiniz rendelés tilaus beställning bestilling ordre ordrenummer заказ",
    "заказа заказу замовлення поръчка поръчката παραγγελία παραγγελίας pesanan đơn ऑर्डर आदेश অর্ডার طلب طلبك",
    "سفارش הזמנה შეკვეთა պատվեր referenca referenz referenznummer referencia referência referenție",
    "riferimento référence referencja viitenumero rechnung rechnungsnummer facture factura fatura fattura",
    "faktura fakture фактура saldo solde guthaben stanje bakiye zůstatek egyenleg баланс остаток залишок салдо",
    "υπόλοιπο kundennummer kundenummer endend terminada terminado terminando terminant final endet koja završava",
    "transakcija transakcije transakcji transacción transação transaction transazione transakce işlem",
    "операция операции транзакция पासबुक paket pakke paczka paczki colis paquete pacote pacco zásilka посылка",
    "пратка δέμα iznos iznosu betrag montant importe valor importo kwota kwotę suma сумма сума сумму tutar összeg",
    "ποσό",
)
# Words before the name of a thing to fetch.
PICKED_UP = re.compile(
    r"\b(?:ritiro|получения|выдачи|отримання|odbioru|recogida|retirada|retrait) (?:de |del |do |du )?$"
)
UNSPACED_LABELS = tuple(
    fold_words(
        "订单 訂單 订单号 訂單編號 单号 單號 尾号 尾號 卡号 卡號 账号 帳號 账户 帳戶 流水号 余额 餘額 編號",
        "编号 注文番号 口座 口座番号 カード お客様番号 受付番号",
        "会員番号 予約番号 残高 電話番号 电话 電話 致电 拨打 热线 客服 주문번호 주문 계좌 카드 고객번호",
        "운송장 잔액 전화 고객센터 บัญชี บัตร",
        "คำสั่งซื้อ เลขที่ เบอร์ โทร ยอดเงิน อ้างอิง พัสดุ حساب الحساب حسابك بطاقة البطاقة الطلب",
        "طلب طلبك الرصيد کارت سفارش חשבון כרטיס הזמנה הזמנתך",
    )
)
# Words that may come between such a name and the number.
FILLERS = fold_words(
    "no nr num number nummer numero número numéro nº n° № # id in with digits digit on of the your for sa br broj",
    "broja numer numeru numru číslo čísla numara numarası numaralı száma номер номером номеру số so ref ending a",
    "en por mit auf pe cu som de del der dem des da do di au xx xxx xxxx nos at me na wa us now by to am an und",
    "नंबर संख्या رقم شماره מספר",
)
# Words before a number that a message is sent to or comes from.
SENDING = fold_words(
    "sent send sms text reply message msg forward report deliver delivered call ring dial contact poslan poslat",
    "pošaljite pošalji gesendet senden envoyé envoyez enviado enviar envíe inviato invia wysłano wyślij odešlete",
    "küld gönder gönderildi отправьте отправлен надіслано verzonden stuur skickat sendt lähetä kirim",
)
TARGETS = fold_words("to na an au al ao a an til till kepada ke на по naar fra")
# A word for calling before a toll-free number: `call us on 0800 123456`.
CALLING = re.compile(
    r"\b(?:call|dial|ring|phone|tel|telephone|hotline|helpline|anrufen|llame|llama|appelez|chiama|ligue)\b[^.!?\d]{0,24}$"
)
TOLL_FREE = re.compile(r"(?:0[389]\d\d|1?[- ]?8(?:00|08|33|44|55|66|77|88)) \d{4,7}")
DATE_WORDS = fold_words(
    "in since until till by before after year on during from of am dana le el em il en del od do um im vom"
)
TIME_WORDS = fold_words("at till until by before after um à las bis u do в до kl ore ora saat om")
MONTHS = fold_words(
    "jan feb mar apr may mai maj maja jun jul aug avg sep set oct okt out nov dec dez dic déc gen giu lug ago ott",
    "fév avr juin jui août ene abr янв фев мар апр май мая июн июл авг сен окт ноя дек jän mrt mei ağu eyl eki",
    "kas ara oca şub",
)
# Units that may follow a number; units of time follow short numbers alone.
TIME_UNITS = fold_words(
    "min mins minute minutes minuta minuti minuten minuto minutos minuts minut perc dakika minuuttia мин минут",
    "минуты хв hr hrs hour hours h sat sati sata std stunden uhr heure heures hora horas ore ur godz saat órá óra",
    "час часа часов s sec secs second seconds sekundi sekunden segundos secondes secondi sekund saniye сек секунд",
    "phút giây menit detik dk sn minučių minūtes minúty minút",
    "day days dana dan tage jours días giorni dni gün дней дня week weeks month months year years god am pm मिनट",
    "मिनिट মিনিট நிமிட నిమిషా دقيقة دقائق دقیقه منٹ דקות λεπτά წუთი",
)
COUNT_UNITS = fold_words(
    "m cm mm kg g mg lb lbs oz ml l ft mi mph kwh kb mb gb tb mbps points point pts miles coins credits items pcs",
    "units users people persons steps views likes followers votes bodova punkte puntos punti punktów puan баллов",
    "бонусов",
)
UNITS = TIME_UNITS | COUNT_UNITS
UNSPACED_TIME = r"分钟|分鐘|分|秒|小时|小時|時間|次|天|분|초|시간|นาที|ชั่วโมง"
# A number and the sign between it and a period of time: `482910,5 minutes`, `482910/5 mins`.
PERIOD = re.compile(
    rf"(?<!\d)(?<! in )(?<!\d[.,:/])(\d{{3,10}})[,./](?=\d{{1,3}}(?:[-~]\d{{1,3}})?[ -]?(?:{UNSPACED_TIME}"
    rf"|(?:attempts?|tries|{'|'.join(sorted(TIME_UNITS))})(?![^\W\d_])))"
)
UNSPACED_UNITS = tuple(
    fold_words(
        "分钟 分鐘 分 秒 小时 小時 時間 天 日 年 月 元 円 块 人民币 积分 點 点 次 件 人 岁 분 초 시간 년 월",
        "일 원 점 นาที บาท ชั่วโมง วัน",
        "ปี दिन रुपये रु दिनार دقيقة ريال درهم جنيه ש",
    )
)


# ISO 4217, including funds codes and metals.
ISO_4217 = frozenset(
    code.upper()
    for code in fold_words(
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
# Currency codes that are words too; they count only in capitals.
CURRENCIES_THAT_ARE_WORDS = fold_words("all ang bob cad cup mad mop nad pab pen sos srd top try che lak")
CURRENCY_WORDS = frozenset(code.lower() for code in ISO_4217) - CURRENCIES_THAT_ARE_WORDS
MONEY_WORDS = fold_words(
    "fcfa cfa satoshi satoshis sats btc eth usdt usdc ltc",
    "rs re rupee rupees lakh lakhs crore crores cr lac lacs dollar dollars euro euros eura evra pound pounds cent",
    "cents km kn kuna kune dinara din dinar dinars lev leva leke lek lekë lei leu zł zl złotych złote kč kc korun",
    "ft forint kr kronor kroner tl lira liras lari gel rub руб рублей рубля рубль р грн гривень гривні лв лева",
    "ден денари дин динара тг тенге сум сом манат reais real pesos peso soles franc francs fr chf dh dhs dirham",
    "dirhams riyal riyals rial rials sr bhd kd yen yuan rmb won baht đ đồng dong vnđ rp rupiah ringgit rm php",
    "taka tk naira ksh shillings birr dram ευρώ ლარი դրամ k bucks hrn mln mio million millionen millones thousand",
    "hundred bs bsf sek nok dkk रुपये रुपए रु टका টাকা ரூபாய் రూపాయలు રૂપિયા ਰੁਪਏ ریال درهم دينار جنيه ليرة تومان",
    "روپے שקלים שקל",
)
CURRENCY_SIGNS = frozenset("$€£¥₾₹₽₺₴₸₼₪₩₫₦₱₲₡₵₮₭₨฿₿¢؋﷼元円")


def is_picked_up(low: str, start: int) -> bool:
    """Return whether the name at an offset is of a thing to fetch, as in `codice di ritiro pacco 5521`."""
    return PICKED_UP.search(low, max(0, start - 20), start) is not None
