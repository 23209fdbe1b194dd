//! R16: the roll on the form is the register's. The register wins for turnout, so this is a note; far off, the
//! form is likely another station's.

use crate::form::Field;

use super::{Finding, Severity, Sheet, finding};

/// R16: above three halves or below 67 hundredths of the register the form is held.
pub(super) fn roll_is_register(sheet: &Sheet<'_>) -> Option<Finding> {
    let form = u64::from(sheet.form.registered?.total);
    let register = u64::from(sheet.station.registered?);
    if form == register {
        return None;
    }
    let above = form.saturating_mul(2) > register.saturating_mul(3);
    let below = form.saturating_mul(100) < register.saturating_mul(67);
    let severity = if above || below { Severity::Hold } else { Severity::Note };
    finding(severity, [Field::REGISTERED_TOTAL])
}

#[cfg(test)]
mod tests {
    use crate::rules::Severity::{self, Hold, Note};
    use crate::rules::check;
    use crate::station::Station;
    use crate::tests::sample::{contest, published, station};

    /// 1101012001003: 293 voters on the roll.
    const ROW: [u32; 21] =
        [202, 38, 7, 293, 138, 155, 248, 118, 130, 1, 0, 1, 4, 2, 2, 253, 120, 133, 247, 6, 253];

    fn found(register: u32) -> Option<Severity> {
        let station = Station { registered: Some(register), ..station() };
        let flags = check(&published(ROW), &contest(), &station);
        assert!(flags.len() <= 1 && flags.iter().all(|flag| flag.rule.number() == 16));
        flags.first().map(|flag| flag.severity)
    }

    #[test]
    fn r16_another_roll_is_noted_and_one_far_off_held() {
        assert_eq!(found(293), None);
        assert_eq!(found(294), Some(Note));
        // 293 is 1.503 times 195, and 1.495 times 196.
        assert_eq!((found(196), found(195)), (Some(Note), Some(Hold)));
        // 293 is 0.6705 times 437, and 0.669 times 438.
        assert_eq!((found(437), found(438)), (Some(Note), Some(Hold)));
        assert_eq!(found(0), Some(Hold));
    }

    #[test]
    fn r16_is_not_asked_where_the_register_is_not_known() {
        let station = Station { registered: None, ..station() };
        assert_eq!(check(&published(ROW), &contest(), &station), []);
    }
}
