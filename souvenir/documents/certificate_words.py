"""What is printed on a certificate, in the languages its owners read."""

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh-Hans": {
        "heading": "收藏证书",
        "number": "编号",
        "kind": "类别",
        "numbered": "限量编号",
        "AP": "艺术家试作 AP",
        "PP": "印制者试作 PP",
        "HC": "非卖品 HC",
        "size": "限量数",
        "proofs": "编号之外",
        "issuer": "发行方",
        "issued_on": "签发日期",
        "place": "产地",
        "licence": "授权方",
        "mark": "标志认证",
        "parts": "套装",
        "gtin": "商品条码 GTIN",
        "serial": "证书序列号",
        "key": "签名密钥",
        "remade": "重制",
        "verify": "扫码可离线验真；是否仍有效须联网查询。",
    },
    "zh-Hant": {
        "heading": "收藏證書",
        "number": "編號",
        "kind": "類別",
        "numbered": "限量編號",
        "AP": "藝術家試作 AP",
        "PP": "印製者試作 PP",
        "HC": "非賣品 HC",
        "size": "限量數",
        "proofs": "編號之外",
        "issuer": "發行方",
        "issued_on": "簽發日期",
        "place": "產地",
        "licence": "授權方",
        "mark": "標誌認證",
        "parts": "套裝",
        "gtin": "商品條碼 GTIN",
        "serial": "證書序號",
        "key": "簽名金鑰",
        "remade": "重製",
        "verify": "掃碼可離線驗真；是否仍有效須連線查詢。",
    },
    "en": {
        "heading": "Certificate of authenticity",
        "number": "Number",
        "kind": "Kind",
        "numbered": "numbered",
        "AP": "artist's proof",
        "PP": "printer's proof",
        "HC": "hors commerce",
        "size": "Edition size",
        "proofs": "Outside the run",
        "issuer": "Issuer",
        "issued_on": "Issued",
        "place": "Made at",
        "licence": "Licensed by",
        "mark": "Certified mark",
        "parts": "Set of",
        "gtin": "GTIN",
        "serial": "Serial",
        "key": "Signing key",
        "remade": "re-made",
        "verify": "Scan to verify, also offline; ask online whether it still stands.",
    },
    "ja": {
        "heading": "作品証明書",
        "number": "番号",
        "kind": "種別",
        "numbered": "限定番号",
        "AP": "作家保存版 AP",
        "PP": "刷師保存版 PP",
        "HC": "非売品 HC",
        "size": "限定数",
        "proofs": "番号外",
        "issuer": "発行者",
        "issued_on": "発行日",
        "place": "産地",
        "licence": "許諾者",
        "mark": "認証マーク",
        "parts": "セット",
        "gtin": "GTIN",
        "serial": "証明書番号",
        "key": "署名鍵",
        "remade": "再制作",
        "verify": "コードで真正性をオフラインでも確認できます。有効性はオンラインで確認します。",
    },
    "ko": {
        "heading": "작품 보증서",
        "number": "번호",
        "kind": "종류",
        "numbered": "한정 번호",
        "AP": "작가 보관본 AP",
        "PP": "인쇄자 보관본 PP",
        "HC": "비매품 HC",
        "size": "한정 수량",
        "proofs": "번호 외",
        "issuer": "발행자",
        "issued_on": "발행일",
        "place": "제작지",
        "licence": "라이선스",
        "mark": "인증 마크",
        "parts": "세트",
        "gtin": "GTIN",
        "serial": "보증서 번호",
        "key": "서명 키",
        "remade": "재제작",
        "verify": "코드로 오프라인에서도 진위를 확인할 수 있습니다. 유효 여부는 온라인에서 확인하십시오.",
    },
}

TRADITIONAL: Final = frozenset({"zh-hant", "zh-tw", "zh-hk", "zh-mo"})


def language_of(language: str) -> str:
    """The language of the printed words that serves a reader best: English where there is no nearer one."""
    tag = language.lower()
    if tag.startswith("zh"):
        return "zh-Hant" if any(tag.startswith(one) for one in TRADITIONAL) else "zh-Hans"
    return next((known for known in WORDS if known.lower() == tag.split("-")[0]), "en")


def words_in(language: str) -> Mapping[str, str]:
    """The printed words in that language."""
    return WORDS[language_of(language)]
