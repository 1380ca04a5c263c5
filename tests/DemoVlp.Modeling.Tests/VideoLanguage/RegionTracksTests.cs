using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Modeling.VideoLanguage.Inference;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class RegionTracksTests
{
    private const int Slots = 3;

    private static readonly ObjectTransformerConfig ByTrack = new() { FeatureDim = 2, ObjectNum = Slots, RegionOrder = ObjectTransformerConfig.Tracks };

    [Fact]
    public void Create_ByTracks_KeepsAThingInItsSlotWhateverTheConfidences()
    {
        FrameRegions[] frames = [Frame((Red, 10, 0.9f), (Blue, 100, 0.8f)), Frame((Red, 14, 0.3f), (Blue, 96, 0.7f)), Frame((Blue, 92, 0.6f), (Red, 18, 0.9f))];

        Assert.Equal([0, 1, -1, 0, 1, -1, 1, 0, -1], Regions(frames, ByTrack));
        // As published: by confidence.
        Assert.Equal([0, 1, -1, 1, 0, -1, 1, 0, -1], Regions(frames, ByTrack with { RegionOrder = null }));
    }

    [Fact]
    public void Create_ByTracks_TellsThingsThatLookAlikeApartByTheirPlaces()
    {
        FrameRegions[] frames = [Frame((Red, 10, 0.9f), (Red, 200, 0.8f)), Frame((Red, 196, 0.9f), (Red, 14, 0.8f))];
        Assert.Equal([0, 1, -1, 1, 0, -1], Regions(frames, ByTrack));
    }

    [Fact]
    public void Create_ByTracks_LeavesTheSlotOfAHiddenThingEmptyAndFindsItAgain()
    {
        FrameRegions[] frames = [Frame((Red, 10, 0.9f), (Blue, 100, 0.8f)), Frame((Blue, 96, 0.7f)), Frame((Blue, 92, 0.9f), (Red, 18, 0.6f))];

        var input = ObjectInput.Create(frames, ByTrack);

        Assert.Equal([0, 1, -1, -1, 0, -1, 1, 0, -1], input.Tokens.Select(t => t.Region));
        Assert.Equal([1f, 1, 0, 0, 1, 0, 1, 1, 0], input.Mask);
    }

    [Fact]
    public void Create_ByTracks_TakesTheMostConfidentRegionsAndGivesANewThingAFreeSlot()
    {
        FrameRegions[] frames = [Frame((Red, 10, 0.9f)), Frame((Green, 60, 0.9f), (Red, 14, 0.5f), (Blue, 100, 0.8f), (Blue, 150, 0.3f))];
        Assert.Equal([0, -1, -1, 1, 0, 2], Regions(frames, ByTrack));
    }

    [Fact]
    public void Create_ByTracks_GivesAThingThatWasFoundSeveralTimesOneSlot()
    {
        FrameRegions[] frames = [Frame((Red, 10, 0.9f), (Red, 16, 0.8f), (Red, 4, 0.8f), (Blue, 100, 0.3f), (Green, 200, 0.1f)), Frame((Red, 20, 0.7f), (Red, 14, 0.8f), (Blue, 96, 0.9f))];
        // Neither the copies nor what the detector hardly believes itself; by confidence the copies would leave blue no place.
        Assert.Equal([0, 3, -1, 1, 2, -1], Regions(frames, ByTrack));
        Assert.Equal([0, 2, 1, 2, 1, 0], Regions(frames, ByTrack with { RegionOrder = null }));
    }

    [Theory]
    [InlineData(1, 2, 0.9f, true)]
    [InlineData(1, 2, 0.4f, false)]
    [InlineData(1, 0, 0.9f, false)]
    [InlineData(0, 2, 0.9f, false)]
    public void Create_ByTracks_WhereAThingCoversAnother_KeepsBothIfTheDetectorIsSureOfTwoNames(int otherClass, int otherAttribute, float confidence, bool both)
    {
        // Boxes of 30 x 30, 12 apart: their overlap is 0.43.
        var frame = Frame((Red, 10, 0.95f), (Blue, 22, confidence)) with { ClassIds = [0, otherClass], AttributeIds = [0, otherAttribute] };
        Assert.Equal([0, both ? 1 : -1, -1], Regions([frame], ByTrack));
    }

    [Fact]
    public void Create_ByTracks_FollowsTheNamesWhereThingsThatLookAlikeChangePlaces()
    {
        var first = Frame((Red, 100, 0.9f), (Red, 140, 0.8f)) with { ClassIds = [4, 5], AttributeIds = [1, 2] };
        var second = Frame((Red, 100, 0.9f), (Red, 140, 0.8f)) with { ClassIds = [5, 4], AttributeIds = [2, 1] };
        Assert.Equal([0, 1, -1, 1, 0, -1], Regions([first, second], ByTrack));
    }

    [Fact]
    public void Create_ByTracks_WhereOneFrameShowsSomethingElse_RemembersWhatWasThereBefore()
    {
        // Frame 4: the left thing is behind the right one, and what is seen of it has the other's look and names.
        FrameRegions Named(FrameRegions frame, params int[] names) => frame with { ClassIds = names, AttributeIds = names };
        FrameRegions[] frames =
        [
            .. Enumerable.Range(0, 4).Select(_ => Named(Frame((Red, 100, 0.9f), (Blue, 160, 0.8f)), 1, 2)),
            Named(Frame((Blue, 110, 0.9f), (Blue, 150, 0.8f)), 2, 2),
            Named(Frame((Blue, 128, 0.9f), (Red, 90, 0.8f)), 2, 1),
        ];
        Assert.Equal([0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1, -1, 1, 0, -1], Regions(frames, ByTrack));
    }

    [Fact]
    public void Create_ByTracks_KeepsTheMostConfidentRegionHoweverUnsureItIs()
    {
        Assert.Equal([1, -1, -1], Regions([Frame((Red, 10, 0.05f), (Blue, 100, 0.1f))], ByTrack));
    }

    [Fact]
    public void Create_ByTracks_DoesNotTakeWhatIsNoNumberForAThing()
    {
        Assert.Equal([0, -1, -1], Regions([Frame((Red, 10, 0.9f), (Blue, 100, float.NaN))], ByTrack));
    }

    private static float[] Red => [1, 0];

    private static float[] Green => [0.7f, 0.7f];

    private static float[] Blue => [0, 1];

    private static IEnumerable<int> Regions(FrameRegions[] frames, ObjectTransformerConfig config) => ObjectInput.Create(frames, config).Tokens.Select(t => t.Region);

    private static FrameRegions Frame(params (float[] Feature, float Left, float Confidence)[] things) => new(0, 0, 320, 240, [.. things.SelectMany(t => t.Feature)],
        [.. things.SelectMany(t => new[] { t.Left, 50, t.Left + 30, 80 })], new int[things.Length], [.. things.Select(t => t.Confidence)], new int[things.Length], new float[things.Length]);
}
