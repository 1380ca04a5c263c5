namespace DemoVlp.Training.Fitting;

/// <summary>What a step encodes for each of its samples.</summary>
/// <param name="LongestText">Tokens of the longest text.</param>
/// <param name="Texts">Texts of a sample.</param>
/// <param name="Videos">Videos of a sample, on average: less than 1 where samples of a step share them (<see cref="BatchPlan.VideosPerExample"/>).</param>
internal readonly record struct SampleSize(int LongestText, int Texts = 1, double Videos = 1);
