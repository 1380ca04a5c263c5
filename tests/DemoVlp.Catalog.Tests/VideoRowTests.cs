using DemoVlp.Catalog.Data;
using DemoVlp.Catalog.Tests.Hosting;
using DemoVlp.Catalog.Videos;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;

namespace DemoVlp.Catalog.Tests;

/// <summary>The rules by which a video moves.</summary>
public sealed class VideoRowTests
{
    private static readonly DateTime Later = Clock.Now.AddMinutes(2);

    private readonly VideoRow row = new()
    {
        Id = Guid.CreateVersion7(), CreatedAt = Clock.Now, Title = "t", Captions = [], FileName = "f", Sha256 = new string('0', 64), Bytes = 1, MediaType = "video/mp4",
        Status = VideoStatus.Sampling, RedriveAt = Clock.Now,
    };

    [Fact]
    public void Sampled_WhenRegionsOvertookTheFrames_KeepsTheStageAndTheFrames()
    {
        Assert.True(row.Extracted(Events.Regions(row.Id), Later));
        Assert.True(row.Sampled(Events.Frames(row.Id), Later));

        Assert.Equal((VideoStatus.Embedding, 2), (row.Status, row.Frames?.Count));
    }

    [Fact]
    public void Sampled_WhenItIsDeliveredAgain_ChangesNothing()
    {
        row.Sampled(Events.Frames(row.Id), Later);

        Assert.False(row.Sampled(Events.Frames(row.Id), Later.AddHours(1)));
        Assert.Equal(Later, row.RedriveAt);
    }

    [Fact]
    public void Progressed_WhenTheDetectorIsReplacedMeanwhile_CountsTheFramesOfTheNewOne()
    {
        row.Sampled(Events.Frames(row.Id), Later);
        RegionsProgressed Done(int frames, string detector) => new() { VideoId = row.Id, FramesDone = frames, FramesTotal = 9, DetectorHash = detector };

        Assert.True(row.Progressed(Done(4, "old"), Later));
        Assert.False(row.Progressed(Done(3, "old"), Later)); // A late one.
        Assert.True(row.Progressed(Done(2, "new"), Later));

        Assert.Equal(2, row.FramesExtracted);
        Assert.False(row.Progressed(Done(2, "new"), Later));
    }

    [Fact]
    public void Sampled_WhenTheStageMoves_BeginsTheWaitAnew()
    {
        row.Redrives = 5;

        row.Sampled(Events.Frames(row.Id), Later);

        Assert.Equal((0, Later), (row.Redrives, row.RedriveAt));
    }

    [Theory]
    [InlineData(FailureCodes.Internal, FailureCodes.DecodeFailed, FailureCodes.DecodeFailed)]
    [InlineData(FailureCodes.DecodeFailed, FailureCodes.Internal, FailureCodes.DecodeFailed)]
    [InlineData(FailureCodes.DecodeFailed, FailureCodes.TooLong, FailureCodes.DecodeFailed)]
    public void Failed_WhenItFailsTwice_KeepsTheReasonThatSaysMore(string first, string second, string kept)
    {
        row.Failed(first, "first");
        row.Failed(second, "second");

        Assert.Equal((VideoStatus.Failed, kept, null), (row.Status, row.FailureCode, row.RedriveAt));
    }

    [Fact]
    public void Failed_WhenItIsIndexed_IsIgnored()
    {
        row.Indexed(Events.Indexed(row.Id), Later);

        Assert.False(row.Failed(FailureCodes.EmbeddingFailed, "late"));
        Assert.Equal(VideoStatus.Indexed, row.Status);
    }

    [Fact]
    public void Retry_WhenPartOfTheWorkIsThere_StartsFromTheSource()
    {
        row.Sampled(Events.Frames(row.Id), Later);
        row.Extracted(Events.Regions(row.Id), Later);
        row.Failed(FailureCodes.Internal, "a file is gone");

        Assert.True(row.Retry(Later));

        // Steps whose files are still there find them again; the one whose file is gone makes it anew.
        Assert.Equal((VideoStatus.Sampling, null), (row.Status, row.FailureCode));
        Assert.IsType<VideoUploaded>(row.ToNextEvent());
        Assert.False(row.Retry(Later));
    }

    [Fact]
    public void NextEvent_WhenItIsRebuiltFromTheRow_IsTheOneThatWasPublished()
    {
        row.Sampled(Events.Frames(row.Id), Later);
        var frames = row.ToNextEvent();
        row.Extracted(Events.Regions(row.Id), Later);
        var regions = row.ToNextEvent();
        row.Indexed(Events.Indexed(row.Id), Later);

        Assert.Equivalent(Events.Frames(row.Id), frames, strict: true);
        Assert.Equal(Events.Regions(row.Id), regions);
        Assert.Null(row.ToNextEvent());
    }
}
