"""What a partner can sell, as data: services, workloads and products, under their real names.

Names and codes are the API's own where a published sample shows them (`o365`, `crm`, "Exchange"/EXO,
"SharePoint"/SPO, "Skype For Business"/SFB, "Microsoft Dynamics CRM"); product names are upper case as on the
wire. Weights and sizes are ours: they make the mix look like a reseller's book, many small Office suites, few
big add-ons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Service:
    """A family of products; the wire calls it by its code in `serviceName` and `serviceCode` alike."""

    code: str
    title: str


@dataclass(frozen=True)
class Workload:
    """A part of a product whose use is counted; `share` of its deployed licences is typically active."""

    code: str
    name: str
    share: float


@dataclass(frozen=True)
class Product:
    """A product: the workloads it spans, how often it is sold, how many seats it takes."""

    name: str
    service: Service
    workloads: tuple[Workload, ...]
    weight: int
    seats: float
    """Licences for each unit of the customer's size."""
    base: bool
    """Whether a customer may have it as the only product (an add-on never comes alone)."""


CRM: Final = Service("crm", "Microsoft Dynamics")
O365: Final = Service("o365", "Microsoft Office 365")

SERVICES: Final = (CRM, O365)
"""In the order of rows: by code, as the published partner samples have them."""

CHANNELS: Final = ("direct", "reseller")
"""In the order of rows."""

EXCHANGE: Final = Workload("EXO", "Exchange", 0.92)
DYNAMICS: Final = Workload("CRM", "Microsoft Dynamics CRM", 0.7)
ONEDRIVE: Final = Workload("OneDrive", "OneDrive", 0.55)
SHAREPOINT: Final = Workload("SPO", "SharePoint", 0.6)
SKYPE: Final = Workload("SFB", "Skype For Business", 0.35)
TEAMS: Final = Workload("Teams", "Teams", 0.8)
YAMMER: Final = Workload("Yammer", "Yammer", 0.15)

WORKLOADS: Final = (EXCHANGE, DYNAMICS, ONEDRIVE, SHAREPOINT, SKYPE, TEAMS, YAMMER)
"""In the order of rows: by name."""

_MAIL = (EXCHANGE,)
_FILES = (ONEDRIVE, SHAREPOINT)
_SUITE = (EXCHANGE, ONEDRIVE, SHAREPOINT, SKYPE, TEAMS)
_FULL_SUITE = (*_SUITE, YAMMER)
_SALES = (DYNAMICS, SHAREPOINT)


def _base(service: Service, workloads: tuple[Workload, ...], *rows: tuple[str, int, float]) -> list[Product]:
    return [Product(name, service, workloads, weight, seats, True) for name, weight, seats in rows]


def _add_on(
    service: Service, workloads: tuple[Workload, ...], *rows: tuple[str, int, float]
) -> list[Product]:
    return [Product(name, service, workloads, weight, seats, False) for name, weight, seats in rows]


PRODUCTS: Final = tuple(
    sorted(
        [
            *_base(
                O365,
                (EXCHANGE, SHAREPOINT, SKYPE),  # the workloads its published sample shows
                ("OFFICE 365 BUSINESS ESSENTIALS", 150, 1.0),
            ),
            *_base(
                O365,
                _SUITE,
                ("OFFICE 365 BUSINESS PREMIUM", 190, 1.0),
                ("MICROSOFT 365 BUSINESS", 90, 0.9),
                ("MICROSOFT 365 BUSINESS STANDARD", 60, 0.9),
            ),
            *_base(
                O365,
                _FULL_SUITE,
                ("OFFICE 365 ENTERPRISE E1", 70, 1.4),
                ("OFFICE 365 ENTERPRISE E3", 90, 1.8),
                ("OFFICE 365 ENTERPRISE E5", 25, 1.2),
                ("OFFICE 365 EDUCATION E3", 12, 6.0),
                ("OFFICE 365 F1", 25, 2.5),
                ("MICROSOFT 365 E3", 30, 2.0),
                ("MICROSOFT 365 E5", 12, 1.5),
            ),
            *_base(O365, _FILES, ("OFFICE 365 BUSINESS", 50, 0.6), ("OFFICE 365 PROPLUS", 25, 0.8)),
            *_base(
                O365,
                _MAIL,
                ("EXCHANGE ONLINE (PLAN 1)", 140, 0.6),
                ("EXCHANGE ONLINE (PLAN 2)", 40, 0.5),
                ("EXCHANGE ONLINE KIOSK", 30, 0.8),
            ),
            *_add_on(
                O365,
                _MAIL,
                ("EXCHANGE ONLINE ARCHIVING FOR EXCHANGE ONLINE", 35, 0.3),
                ("EXCHANGE ONLINE PROTECTION", 30, 0.8),
                ("ADVANCED THREAT PROTECTION", 30, 0.9),
            ),
            *_add_on(
                O365,
                _FILES,
                ("SHAREPOINT ONLINE (PLAN 1)", 15, 0.4),
                ("SHAREPOINT ONLINE (PLAN 2)", 12, 0.4),
                ("ONEDRIVE FOR BUSINESS (PLAN 1)", 18, 0.3),
                ("ONEDRIVE FOR BUSINESS (PLAN 2)", 10, 0.3),
            ),
            *_add_on(
                O365,
                (SKYPE, TEAMS),
                ("SKYPE FOR BUSINESS ONLINE (PLAN 2)", 12, 0.4),
                ("AUDIO CONFERENCING", 25, 0.2),
                ("PHONE SYSTEM", 18, 0.4),
                ("DOMESTIC CALLING PLAN", 10, 0.3),
                ("DOMESTIC AND INTERNATIONAL CALLING PLAN", 8, 0.2),
            ),
            *_add_on(O365, (YAMMER,), ("YAMMER ENTERPRISE", 6, 0.8)),
            *_base(
                CRM,
                _SALES,
                ("DYNAMICS 365 FOR SALES ENTERPRISE EDITION", 24, 0.3),
                ("DYNAMICS 365 FOR SALES PROFESSIONAL", 16, 0.3),
                ("DYNAMICS 365 CUSTOMER ENGAGEMENT PLAN", 14, 0.5),
                ("DYNAMICS CRM ONLINE PROFESSIONAL", 12, 0.3),
                ("DYNAMICS CRM ONLINE BASIC", 6, 0.3),
            ),
            *_base(
                CRM,
                (DYNAMICS,),
                ("DYNAMICS 365 BUSINESS CENTRAL ESSENTIALS", 26, 0.3),
                ("DYNAMICS 365 BUSINESS CENTRAL PREMIUM", 10, 0.3),
                ("DYNAMICS 365 FOR CUSTOMER SERVICE ENTERPRISE EDITION", 14, 0.4),
                ("DYNAMICS 365 UNIFIED OPERATIONS PLAN", 6, 0.6),
            ),
            *_add_on(
                CRM,
                (DYNAMICS,),
                ("DYNAMICS 365 FOR FIELD SERVICE ENTERPRISE EDITION", 8, 0.3),
                ("DYNAMICS 365 FOR PROJECT SERVICE AUTOMATION ENTERPRISE EDITION", 5, 0.2),
                ("DYNAMICS 365 FOR TEAM MEMBERS ENTERPRISE EDITION", 20, 0.9),
                ("DYNAMICS AX TASK", 4, 0.6),
                ("DYNAMICS AX SELF-SERVE", 3, 0.9),
            ),
        ],
        key=lambda product: (product.service.code, product.name),
    )
)
"""Every product once, in the order of rows: by service code, then name."""
