//! Least squares with at most three columns, by the normal equations.

/// One row of a design matrix; unused columns are zero.
pub(crate) type Row = [f64; 3];

/// A fitted linear model.
pub(crate) struct Fit {
    /// One for each column.
    pub(crate) coefficients: Row,
    /// Observed minus fitted.
    pub(crate) residuals: Vec<f64>,
    /// Inverse of the normal matrix.
    inverse: [Row; 3],
}

impl Fit {
    /// Sum of squared residuals.
    pub(crate) fn rss(&self) -> f64 {
        self.residuals.iter().map(|r| r * r).sum()
    }

    /// Standard error of a coefficient, for residual variance `variance`.
    pub(crate) fn standard_error(&self, column: usize, variance: f64) -> f64 {
        (self.inverse[column][column] * variance).max(0.0).sqrt()
    }
}

/// Fits `y` on the first `columns` columns of `rows`, each row weighted by `weights`.
///
/// `None` when the columns are linearly dependent.
pub(crate) fn fit(rows: &[Row], y: &[f64], weights: &[f64], columns: usize) -> Option<Fit> {
    let (normal, right) = normal_equations(rows, y, weights, columns);
    let inverse = invert(normal, columns)?;
    let coefficients = multiply(&inverse, &right);
    let residuals = rows.iter().zip(y).map(|(row, y)| y - dot(row, &coefficients)).collect();
    Some(Fit { coefficients, residuals, inverse })
}

fn normal_equations(rows: &[Row], y: &[f64], weights: &[f64], columns: usize) -> ([Row; 3], Row) {
    let (mut normal, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
    for ((row, y), weight) in rows.iter().zip(y).zip(weights) {
        for i in 0..columns {
            right[i] += weight * row[i] * y;
            for j in 0..columns {
                normal[i][j] += weight * row[i] * row[j];
            }
        }
    }
    (normal, right)
}

/// Gauss-Jordan with partial pivoting.
fn invert(mut matrix: [Row; 3], size: usize) -> Option<[Row; 3]> {
    let mut inverse = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let scale = (0..size).map(|i| matrix[i][i].abs()).fold(0.0, f64::max);
    for column in 0..size {
        let pivot =
            (column..size).max_by(|a, b| matrix[*a][column].abs().total_cmp(&matrix[*b][column].abs()))?;
        if matrix[pivot][column].abs() <= 1e-12 * scale {
            return None;
        }
        matrix.swap(column, pivot);
        inverse.swap(column, pivot);
        let head = matrix[column][column];
        matrix[column] = matrix[column].map(|v| v / head);
        inverse[column] = inverse[column].map(|v| v / head);
        for other in (0..size).filter(|other| *other != column) {
            let factor = matrix[other][column];
            for k in 0..3 {
                matrix[other][k] -= factor * matrix[column][k];
                inverse[other][k] -= factor * inverse[column][k];
            }
        }
    }
    for row in inverse.iter_mut().skip(size) {
        *row = [0.0; 3];
    }
    Some(inverse)
}

fn multiply(matrix: &[Row; 3], vector: &Row) -> Row {
    [dot(&matrix[0], vector), dot(&matrix[1], vector), dot(&matrix[2], vector)]
}

fn dot(a: &Row, b: &Row) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovers_an_exact_line_and_its_bend() {
        let x = [0.0, 0.1, 0.4, 0.6, 0.9, 1.0];
        let rows: Vec<Row> = x.iter().map(|x| [1.0, *x, if *x > 0.5 { 1.0 } else { 0.0 }]).collect();
        let y: Vec<f64> = rows.iter().map(|r| 3.0 + 5.0 * r[1] + 7.0 * r[2]).collect();
        let fit = fit(&rows, &y, &[1.0; 6], 3).unwrap();
        for (got, expected) in fit.coefficients.iter().zip([3.0, 5.0, 7.0]) {
            assert!((got - expected).abs() < 1e-9, "{got} {expected}");
        }
        assert!(fit.rss() < 1e-18);
    }

    #[test]
    fn refuses_columns_that_say_the_same() {
        let rows: Vec<Row> = (0..5).map(|i| [1.0, f64::from(i), 2.0 * f64::from(i)]).collect();
        assert!(fit(&rows, &[0.0; 5], &[1.0; 5], 3).is_none());
    }

    #[test]
    fn the_standard_error_of_a_mean_is_sigma_over_root_n() {
        let rows = [[1.0, 0.0, 0.0]; 16];
        let fit = fit(&rows, &[2.0; 16], &[1.0; 16], 1).unwrap();
        assert!((fit.standard_error(0, 9.0) - 0.75).abs() < 1e-12);
    }
}
