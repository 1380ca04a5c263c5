namespace DemoVlp.FrameSampling.Tests;

public sealed class UniformFramesTests
{
    [Theory]
    [InlineData(8, 8, new long[] { 0, 1, 2, 3, 4, 5, 6, 7 })]
    [InlineData(200, 8, new long[] { 12, 37, 62, 87, 112, 137, 162, 187 })]
    [InlineData(11, 4, new long[] { 0, 3, 6, 9 })]
    [InlineData(100, 1, new long[] { 49 })]
    public void Indexes_WhenEnoughFrames_AreTheMiddlesOfEqualBins(long available, int count, long[] expected) =>
        Assert.Equal(expected, UniformFrames.Indexes(available, count));

    [Theory]
    [InlineData(3, 8)]
    [InlineData(1, 8)]
    [InlineData(0, 8)]
    public void Indexes_WhenFewerFramesThanAsked_AreAllThereAre(long available, int count) =>
        Assert.Equal(Enumerable.Range(0, (int)available).Select(i => (long)i), UniformFrames.Indexes(available, count));

    [Fact]
    public void Indexes_ForAnyLength_AscendAndStayInside()
    {
        for (var available = 1; available < 500; available++)
        {
            var indexes = UniformFrames.Indexes(available, 8);
            Assert.Equal(Math.Min(8, available), indexes.Distinct().Count());
            Assert.Equal(indexes.Order(), indexes);
            Assert.InRange(indexes[^1], 0, available - 1);
        }
    }
}
