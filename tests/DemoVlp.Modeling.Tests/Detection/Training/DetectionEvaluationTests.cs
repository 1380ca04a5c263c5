using DemoVlp.Modeling.Detection.Training;

namespace DemoVlp.Modeling.Tests.Detection.Training;

public sealed class DetectionEvaluationTests
{
    [Fact]
    public void AveragePrecision_IsTheAreaUnderThePrecisionThatCanBeHadAtARecall()
    {
        Assert.Equal(1, DetectionEvaluation.AveragePrecision([(0.9f, true), (0.3f, true)], 2), 6);
        Assert.Equal(0.5 * 1 + 0.5 * 2 / 3, DetectionEvaluation.AveragePrecision([(0.9f, true), (0.8f, false), (0.7f, true)], 2), 6);
        Assert.Equal(0.5 * 2 / 3 + 0.5 * 2 / 3, DetectionEvaluation.AveragePrecision([(0.9f, false), (0.8f, true), (0.7f, true)], 2), 6); // The later, higher one counts for both.
        Assert.Equal(0.25, DetectionEvaluation.AveragePrecision([(0.9f, true)], 4), 6); // Three are never found.
        Assert.Equal(0, DetectionEvaluation.AveragePrecision([], 4), 6);
    }

    [Fact]
    public void Figures_CountMissesDoublesAndWrongNames()
    {
        var evaluation = new DetectionEvaluation(classes: 3);
        var objects = new LabelledBox[] { new(0, 0, 10, 10, 0, 1), new(20, 0, 30, 10, 1, 0), new(40, 0, 50, 10, 1, 0) };

        evaluation.Add(
        [
            new([0, 0, 10, 10], 0, 0.9f, 1, 1), // Right.
            new([1, 0, 11, 10], 0, 0.8f, 1, 1), // The same once more.
            new([20, 0, 30, 8], 1, 0.7f, 2, 1), // Right, but for the attribute.
            new([46, 0, 56, 10], 1, 0.6f, 0, 1), // A quarter of the third: too far away.
        ], objects);
        evaluation.Add([new([0, 0, 10, 10], 1, 0.5f, 1, 1)], [new(0, 0, 10, 10, 0, 1)]); // Found under another name.

        var figures = evaluation.Figures();
        Assert.Equal((2, 4), (figures.Pictures, figures.Objects));
        Assert.Equal(0.5, figures.AveragePrecision[0], 6); // One of two.
        Assert.Equal(0.5, figures.AveragePrecision[1], 6);
        Assert.True(double.IsNaN(figures.AveragePrecision[2])); // Does not occur.
        Assert.Equal(0.5, figures.MeanAveragePrecision, 6);
        Assert.Equal((3 / 4.0, 2 / 3.0, 2 / 3.0), (figures.Recall, figures.ClassAccuracy, figures.AttributeAccuracy));
    }
}
