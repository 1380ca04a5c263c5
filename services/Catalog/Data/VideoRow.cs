using DemoVlp.Artifacts;
using DemoVlp.Contracts;
using DemoVlp.Contracts.Http;
using DemoVlp.Contracts.Videos;

namespace DemoVlp.Catalog.Data;

/// <summary>
/// A video's record and the rules by which it moves: stages go forward only, <c>failed</c> stays until somebody retries, and what was
/// learnt on the way is kept whatever the order in which it arrives. The methods say whether anything changed.
/// </summary>
/// <remarks>Saved through <see cref="VideoChanges"/>, which checks <see cref="Version"/>.</remarks>
public sealed class VideoRow
{
    private static readonly string[] Stages = [VideoStatus.Uploaded, VideoStatus.Sampling, VideoStatus.Extracting, VideoStatus.Embedding, VideoStatus.Indexed];

    public required Guid Id { get; init; }
    public required DateTime CreatedAt { get; init; }

    /// <summary>Grows with every change that clients can see.</summary>
    public long Version { get; set; } = 1;

    public required string Title { get; set; }
    public required IReadOnlyList<string> Captions { get; set; }

    /// <summary>Grows with every change of title or captions.</summary>
    public int Revision { get; set; } = 1;

    /// <summary>The last <see cref="Revision"/> that was published.</summary>
    public int AnnouncedRevision { get; set; }

    public required string FileName { get; set; }
    public required string Sha256 { get; init; }
    public required long Bytes { get; init; }
    public required string MediaType { get; init; }

    public string Status { get; set; } = VideoStatus.Uploaded;
    public string? FailureCode { get; set; }
    public string? FailureDetail { get; set; }

    public double? DurationSeconds { get; set; }
    public int? Width { get; set; }
    public int? Height { get; set; }
    public IReadOnlyList<SampledFrame>? Frames { get; set; }
    public ArtifactRef? Regions { get; set; }
    public int? RegionCount { get; set; }
    public string? Detector { get; set; }

    /// <summary>Identity of that detector; null for regions of before it was told.</summary>
    public string? DetectorHash { get; set; }

    /// <summary>The regions in words; null for regions of before it was told.</summary>
    public ArtifactRef? Listing { get; set; }

    /// <summary>Frames whose regions are kept, while they are being extracted.</summary>
    public int? FramesExtracted { get; set; }

    /// <summary>Identity of the detector whose regions those are: another one begins anew.</summary>
    public string? ExtractingDetector { get; set; }

    /// <summary>One of <see cref="RenewalState"/>, or null: how far the replacement of the regions is, whatever the status.</summary>
    public string? Renewal { get; set; }

    /// <summary>Hash of the region file that the index holds, as far as it was told.</summary>
    public string? IndexedRegions { get; set; }

    public string? ModelVersion { get; set; }
    public DateTime? IndexedAt { get; set; }

    /// <summary>Set: the row is a tombstone.</summary>
    public DateTime? DeletedAt { get; set; }

    /// <summary>When the sweep publishes again what this row waits for; null: it waits for nothing.</summary>
    public DateTime? RedriveAt { get; set; }

    /// <summary>How often it was published again since the row last moved.</summary>
    public int Redrives { get; set; }

    public ArtifactRef Source => new(VideoArtifacts.Source(Id), Sha256, Bytes, MediaType);

    public bool IsFinished => Status is VideoStatus.Indexed or VideoStatus.Failed;

    /// <summary>Nothing of it is under way.</summary>
    public bool IsAtRest => IsFinished && (Renewal is null or RenewalState.Failed);

    /// <summary>Frames have arrived.</summary>
    public bool Sampled(FramesSampled sampled, DateTime redriveAt)
    {
        var news = Frames is null || !Frames.SequenceEqual(sampled.Frames) || DurationSeconds != sampled.DurationSeconds;
        if (news) (Frames, DurationSeconds, Width, Height) = (sampled.Frames, sampled.DurationSeconds, sampled.Width, sampled.Height);
        if (news) StopIfComplete();
        return MoveTo(VideoStatus.Extracting, redriveAt) | news;
    }

    /// <summary>Some more frames have their regions: the extraction is alive, and needs no other message.</summary>
    public bool Progressed(RegionsProgressed progress, DateTime redriveAt)
    {
        if (Status != VideoStatus.Extracting && Renewal != RenewalState.Extracting) return false;
        if (ExtractingDetector == progress.DetectorHash && progress.FramesDone <= (FramesExtracted ?? 0)) return false;
        (FramesExtracted, ExtractingDetector) = (progress.FramesDone, progress.DetectorHash);
        (RedriveAt, Redrives) = (redriveAt, 0);
        return true;
    }

    /// <summary>Regions have arrived: the first, or those that take the place of others. Until the index has them too, it serves the old ones.</summary>
    public bool Extracted(RegionsExtracted extracted, DateTime redriveAt)
    {
        var replaced = Regions is not null && Regions != extracted.Regions;
        var news = (Regions, RegionCount, Detector, DetectorHash, Listing)
            != (extracted.Regions, extracted.RegionCount, extracted.Detector, extracted.DetectorHash, extracted.Listing);
        if (news) (Regions, RegionCount, Detector, DetectorHash, Listing) = (extracted.Regions, extracted.RegionCount, extracted.Detector, extracted.DetectorHash, extracted.Listing);
        if (news) FramesExtracted = null;
        if (replaced)
        {
            if (Renewal == RenewalState.Failed) (FailureCode, FailureDetail) = (null, null);
            Renewal = Status == VideoStatus.Indexed && IndexedRegions != extracted.Regions.Sha256 ? RenewalState.Embedding : null;
            if (Renewal is not null) (RedriveAt, Redrives) = (redriveAt, 0);
        }
        if (news) StopIfComplete();
        return MoveTo(VideoStatus.Embedding, redriveAt) | news;
    }

    /// <summary>Vectors are written. This wins over a failure; of two the later one counts.</summary>
    public bool Indexed(VideoIndexed indexed, DateTime redriveAt)
    {
        var told = indexed.RegionsSha256 is not null && IndexedRegions != indexed.RegionsSha256;
        if (told) IndexedRegions = indexed.RegionsSha256;
        var renewed = Renewal == RenewalState.Embedding && (indexed.RegionsSha256 is null || indexed.RegionsSha256 == Regions?.Sha256);
        if (renewed) Renewal = null;
        var at = Clock.Truncate(indexed.IndexedAt);
        if (Status == VideoStatus.Indexed && (IndexedAt > at || (IndexedAt == at && ModelVersion == indexed.ModelVersion)))
        {
            StopIfComplete();
            return told || renewed;
        }
        if (Renewal != RenewalState.Failed) (FailureCode, FailureDetail) = (null, null);
        Status = VideoStatus.Indexed;
        (ModelVersion, IndexedAt) = (indexed.ModelVersion, at);
        // Messages overtake each other: what is not known yet of an indexed video is still asked for.
        (RedriveAt, Redrives) = (redriveAt, 0);
        StopIfComplete();
        return true;
    }

    /// <summary>The video cannot be processed. The first reason stays, unless it only said that something broke here.</summary>
    /// <param name="code">One of <see cref="FailureCodes"/>.</param>
    /// <param name="detail">One plain sentence.</param>
    /// <param name="upTo">The last stage that this failure can end; later ones have proved it wrong.</param>
    public bool Failed(string code, string detail, string upTo = VideoStatus.Embedding)
    {
        if (RenewalEndsBy(code)) return GiveRenewalUp(code, detail);
        // An index that cannot take the new regions has dropped the old ones: the video cannot be found any more.
        var dropped = Renewal == RenewalState.Embedding && code == FailureCodes.EmbeddingFailed;
        if (!dropped && (Status == VideoStatus.Failed ? FailureCode != FailureCodes.Internal || code == FailureCodes.Internal : Rank(Status) > Rank(upTo))) return false;
        (Status, FailureCode, FailureDetail, Renewal, FramesExtracted) = (VideoStatus.Failed, code, detail, null, null);
        (RedriveAt, Redrives) = (null, 0);
        return true;
    }

    /// <summary>The new regions do not come: the old ones stay, and it is told why.</summary>
    public bool GiveRenewalUp(string code, string detail)
    {
        (Renewal, FailureCode, FailureDetail, FramesExtracted) = (RenewalState.Failed, code, detail, null);
        if (Status == VideoStatus.Indexed) (RedriveAt, Redrives) = (null, 0);
        return true;
    }

    /// <summary>Starts a failed video again from its source. What is there of it is found again and only announced; what is missing is made anew.</summary>
    public bool Retry(DateTime redriveAt)
    {
        if (Status != VideoStatus.Failed) return false;
        (Status, Frames, Regions) = (VideoStatus.Sampling, null, null);
        (FailureCode, FailureDetail, Renewal, FramesExtracted) = (null, null, null, null);
        (RedriveAt, Redrives) = (redriveAt, 0);
        return true;
    }

    /// <summary>Replaces the captions.</summary>
    public bool Describe(IReadOnlyList<string> captions)
    {
        if (Captions.SequenceEqual(captions)) return false;
        Captions = captions;
        Revision++;
        return true;
    }

    /// <summary>Becomes a tombstone: nothing that people wrote stays in it.</summary>
    public void Delete(DateTime now, DateTime redriveAt)
    {
        DeletedAt = now;
        (Title, FileName, Captions, Frames, Renewal) = ("", "", [], null, null);
        (RedriveAt, Redrives) = (redriveAt, 0);
    }

    private bool MoveTo(string stage, DateTime redriveAt)
    {
        if (Status == VideoStatus.Failed || Rank(Status) >= Rank(stage)) return false;
        Status = stage;
        (RedriveAt, Redrives) = (redriveAt, 0);
        return true;
    }

    private void StopIfComplete()
    {
        if (Status == VideoStatus.Indexed && IsAtRest && Frames is not null && Regions is not null) RedriveAt = null;
    }

    private bool RenewalEndsBy(string code) => Status != VideoStatus.Failed && Renewal switch
    {
        RenewalState.Extracting => code != FailureCodes.EmbeddingFailed,
        RenewalState.Embedding => code == FailureCodes.Internal,
        _ => false,
    };

    private static int Rank(string status) => Array.IndexOf(Stages, status);
}
